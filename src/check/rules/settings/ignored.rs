//! Ignored: settings that the installed Django does not ask for any more.

use super::at;
use crate::check::django::{Settings, Value};
use crate::check::installed::Installed;
use crate::check::subject::Subject;
use crate::level::Level;

const NAMES: [(&str, &str, &str); 2] = [
    ("STATICFILES_STORAGE", "staticfiles", "static files are kept by Django's own storage"),
    ("DEFAULT_FILE_STORAGE", "default", "uploads stay on the disk of the instance"),
];

/// The names of storages before Django 4.2: since 5.1 nobody reads them, and in between not both at once.
pub(super) fn storages(subject: &mut Subject<'_>, settings: &Settings) {
    let installed = Installed::of(subject);
    let gone = installed.since("django", (5, 1));
    let both = installed.since("django", (4, 2)).filter(|_| gone.is_none());
    let storages = settings.value("STORAGES");
    for (name, alias, harm) in NAMES {
        let Some(setting) = settings.get(name) else { continue };
        let Some(class) = setting.value.by_default().text().map(str::to_owned) else { continue };
        // Where a variable decides whether it is set, it is not by default.
        if let (Some(beside), Value::Missing) = (&gone, storages.by_default()) {
            // Whoever names Django's own gets it.
            if class.starts_with("django.") && class.ends_with(".StaticFilesStorage")
                || class == "django.core.files.storage.FileSystemStorage"
            {
                continue;
            }
            let message = format!("`{name}` has no effect {beside}: {harm}");
            let fix = format!(
                "`STORAGES = {{\"{alias}\": {{\"BACKEND\": \"{class}\"}}, …}}`, with both `default` and `staticfiles`"
            );
            at(subject, "EB254", setting, message, &fix);
        } else if let (Some(beside), Value::Dict(_)) = (&both, storages)
            && storages.get(alias) != &Value::Missing
        {
            let message = format!("the server does not start: `{name}/STORAGES are mutually exclusive` {beside}");
            at(subject, "EB254", setting, message, &format!("take `{name}` out")).level = Level::Error;
        }
    }
}
