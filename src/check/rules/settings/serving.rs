//! Serving: who answers for static files, and whether browsers ask for them here at all.

use super::backends::Backend;
use crate::beanstalk::tree::file_name;
use crate::check::django::{Setting, Settings, Value};
use crate::check::subject::Subject;

/// Does Django or its server answer for static files? `runserver` does, and no other server.
pub(super) fn serves_itself(subject: &Subject<'_>, settings: &Settings) -> bool {
    const ALWAYS: [&str; 6] = ["whitenoise", "WhiteNoise", "Cling", "StaticFilesHandler", "views.static", "runserver"];
    // Both add nothing to the URLs of production.
    const WHILE_DEBUGGING: [&str; 2] = ["staticfiles_urlpatterns", "STATIC_URL"];
    const NAMES: [&str; 5] = ["urls.py", "wsgi.py", "asgi.py", "application.py", "Procfile"];
    let debug = settings.value("DEBUG");
    let debug = debug.by_default().is_on() || *debug == Value::Unknown;
    let middleware = settings.value("MIDDLEWARE");
    let known = matches!(middleware, Value::List(_));
    let whitenoise =
        middleware.items().iter().any(|item| item.text().is_some_and(|text| text.starts_with("whitenoise.")));
    let serves = |text: &str| {
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        has(&ALWAYS) || (debug && has(&WHILE_DEBUGGING))
    };
    let mut paths = subject.tree.iter().map(|(path, _)| path).filter(|path| NAMES.contains(&file_name(path)));
    !known || whitenoise || paths.any(|path| subject.tree.text(path).is_some_and(serves))
}

/// Does the proxy answer for static files, by a mapping, a file of its own, or the platform's folder `static`?
pub(super) fn is_mapped(subject: &Subject<'_>) -> bool {
    let by_option = subject.customizations.used().flat_map(|file| &file.option_settings).any(|setting| {
        setting.namespace.value == crate::beanstalk::defaults::STATIC_FILES && setting.name.value.contains("static")
    });
    let by_file = subject
        .tree
        .under(".platform")
        .any(|(path, _)| subject.tree.text(path).is_some_and(|text| text.contains("/static")));
    by_option || by_file || subject.tree.is_dir("static")
}

/// `STATIC_URL` with another host, where files are kept on the instance, and nothing here brings them to that host or
/// has them for it to fetch.
pub(super) fn asked_elsewhere<'s>(subject: &Subject<'_>, settings: &'s Settings) -> Option<&'s Setting> {
    /// What brings files somewhere.
    const BRINGS: [&str; 10] =
        ["s3 sync", "s3 cp", "s3cmd", "s3api", "upload_file", "put_object", "rclone", "gsutil", "azcopy", "rsync"];
    let setting = settings.get("STATIC_URL")?;
    let elsewhere = match &setting.value {
        Value::Text(url) => url.contains("//"),
        // A part of it may be a variable: the beginning says enough.
        Value::Unknown | Value::Environment { default: None } => {
            let written = subject.tree.code(&setting.path).and_then(|text| text.get(setting.span.clone()));
            let written = written.unwrap_or_default();
            let url = written.trim_start_matches(['f', 'F', '(', '"', '\'', '\n', ' ']);
            let chooses = [" if ", " or "].iter().any(|word| written.contains(word));
            !chooses && ["http://", "https://", "//"].iter().any(|scheme| url.starts_with(scheme))
        }
        _ => false,
    };
    if !elsewhere
        || Backend::of_static_files(settings).may_be_elsewhere()
        || is_mapped(subject)
        || serves_itself(subject, settings)
    {
        return None;
    }
    let brings = |text: &str| text.contains("static") && BRINGS.iter().any(|word| text.contains(word));
    let mut texts =
        subject.tree.iter().filter_map(|(path, _)| subject.tree.text(path).or_else(|| subject.tree.code(path)));
    (!texts.any(brings)).then_some(setting)
}
