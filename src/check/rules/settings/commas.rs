//! Commas: two items of a list that Python takes for one.

use crate::check::django::Settings;
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    for glued in &settings.glued {
        let (first, second, name) = (&glued.first, &glued.second, &glued.setting);
        let is_code = matches!(
            name.as_str(),
            "AUTHENTICATION_BACKENDS" | "INSTALLED_APPS" | "MIDDLEWARE" | "STATICFILES_FINDERS"
        );
        let joined = format!("`{first}{second}`");
        let (message, level) = match is_code {
            true => (
                format!(
                    "Python reads {joined}, which nothing is called: no comma follows `{first}`, and the server does not start"
                ),
                Level::Error,
            ),
            false => (
                format!(
                    "Python reads {joined}, which nobody asks for: no comma follows `{first}`, and neither name is in `{name}`"
                ),
                Level::Warning,
            ),
        };
        let fix = format!("write a comma between `{first}` and `{second}`");
        subject.find("EB176", &glued.path, glued.span.clone(), message, fix).level = level;
    }
}
