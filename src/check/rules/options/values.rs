//! Values: what properties hand to the code, and what becomes of the site with it.

use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::check::rules::settings::keys::is_placeholder;
use crate::check::rules::settings::storage::{is_replaced, replaced_database};
use crate::check::subject::Subject;
use crate::level::Level;
use crate::ui::edits;

pub(super) fn check(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    for file in customizations.used() {
        let properties = file.option_settings.iter().filter(|setting| setting.namespace.value == DEFAULT_NAMESPACE);
        for setting in properties {
            let (name, value) = (setting.name.value.as_str(), setting.value.value.as_str());
            let span = setting.value.span.clone();
            if is_near(name) {
                let message = format!("`{name}` has no effect: Django asks for `{MODULE}`");
                let span = setting.name.span.clone();
                subject.find("EB344", &file.path, span, message, format!("write `{MODULE}`")).replace(MODULE);
            } else if is_replaced(value) && is_read(subject, name) {
                let (message, fix) = replaced_database(subject);
                subject.find("EB080", &file.path, span, message, fix);
            } else if matches!(name, "SECRET_KEY" | "DJANGO_SECRET_KEY" | "FLASK_SECRET_KEY")
                && is_left_open(value)
                && is_read(subject, name)
            {
                let message = format!(
                    "unless the console gives another value, sessions are signed with `{value}`, which everybody can read here"
                );
                let fix = "take the line out, and give the environment a secret of that name";
                subject.find("EB073", &file.path, span, message, fix).level = Level::Note;
            }
        }
    }
}

const MODULE: &str = "DJANGO_SETTINGS_MODULE";

/// Is it almost the name of the variable that names the settings?
fn is_near(name: &str) -> bool {
    name != MODULE && edits(name, MODULE) <= 2
}

/// Does a value say that somebody should write another? No more of it than that is sure to be no secret is shown.
fn is_left_open(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let asks = ["change", "your", "replace", "placeholder", "todo"].iter().any(|word| lower.contains(word));
    let plain = value.chars().all(|char| char.is_ascii_alphabetic() || "-_ .!".contains(char));
    asks && plain && is_placeholder(value)
}

/// Does the code ask for a variable of this name?
fn is_read(subject: &Subject<'_>, name: &str) -> bool {
    let quoted = [format!("'{name}'"), format!("\"{name}\"")];
    let mut code =
        subject.tree.iter().filter_map(|(path, _)| subject.tree.code(path).filter(|_| path.ends_with(".py")));
    code.any(|text| quoted.iter().any(|word| text.contains(word.as_str())))
}
