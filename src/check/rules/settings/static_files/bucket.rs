//! Bucket: static files that pages take from one, and that nothing here brings there.

use super::super::at;
use super::super::backends::Backend;
use super::asked;
use crate::check::django::Settings;
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    let backend = Backend::of_static_files(settings);
    let Backend::Named { class, unless: false } = backend else { return };
    let setting = settings.get("STORAGES").filter(|storages| storages.value.get("staticfiles").is_known());
    let Some(setting) = setting.or_else(|| settings.get("STATICFILES_STORAGE")) else { return };
    if !class.starts_with("storages.backends.") || asked::by_nobody(subject, settings) || subject.guessed() {
        return;
    }
    let message = "nothing here runs `collectstatic`: the bucket has the files that somebody last brought there by hand, whatever version of the site asks for them";
    let fix = "run it in `container_commands`, `leader_only: true`";
    at(subject, "EB021", setting, message, fix).level = Level::Note;
}
