//! Upload limit: nginx refuses a body that Django would take.

use super::at;
use crate::beanstalk::platforms::Family;
use crate::check::django::{Setting, Settings};
use crate::check::subject::Subject;

/// Where nobody says otherwise, nginx takes 1 MB: the platform's own files say nothing of it.
const NGINX: i64 = 1 << 20;

/// What Django has where nobody says otherwise: to write that down asks for nothing.
const DJANGO: i64 = 5 << 19;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    const DATA: &str = "DATA_UPLOAD_MAX_MEMORY_SIZE";
    const IN_MEMORY: &str = "FILE_UPLOAD_MAX_MEMORY_SIZE";
    const NAMES: [&str; 6] =
        [DATA, "MAX_UPLOAD_SIZE", "MAX_FILE_SIZE", "MAX_IMAGE_SIZE", "MAX_CONTENT_LENGTH", IN_MEMORY];
    let found = NAMES.iter().filter_map(|name| Some((*name, settings.get(name)?, settings.get(name)?.value.number()?)));
    let Some((name, setting, bytes)) =
        found.filter(|(.., bytes)| *bytes > NGINX && *bytes != DJANGO).max_by_key(|(.., bytes)| *bytes)
    else {
        return;
    };
    // That one counts forms and JSON, and leaves the files out.
    let what = if name == DATA { "a form or JSON" } else { "an upload" };
    // And this one none at all: a larger file is kept on the disk.
    let takes = if name == IN_MEMORY { "would keep in memory up to" } else { "would take" };
    said(subject, setting, bytes, ["Django", what, takes]);
}

/// nginx refuses a body of this kind that the framework would take, up to so many bytes.
pub(in crate::check::rules) fn said(
    subject: &mut Subject<'_>,
    setting: &Setting,
    bytes: i64,
    [framework, what, takes]: [&str; 3],
) {
    if bytes <= NGINX || !refuses(subject) {
        return;
    }
    let megabytes = bytes / NGINX;
    let message = format!(
        "{what} of more than 1 MB is a 413: nginx refuses it before {framework} sees it, which {takes} {megabytes} MB"
    );
    let fix = format!(
        "`client_max_body_size {megabytes}m;` in `.platform/nginx/conf.d/uploads.conf`; `beansprout add upload-limit`"
    );
    at(subject, "EB277", setting, message, &fix);
}

/// Does nginx refuse what is larger than it takes by itself?
pub(in crate::check::rules) fn refuses(subject: &Subject<'_>) -> bool {
    is_behind_nginx(subject) && !says_limit(subject)
}

fn is_behind_nginx(subject: &Subject<'_>) -> bool {
    let customizations = subject.customizations;
    let proxy = customizations.option("aws:elasticbeanstalk:environment:proxy", "ProxyServer").unwrap_or("nginx");
    let container = customizations.containers.as_deref();
    let family = match customizations.family {
        Family::Python => true,
        Family::Docker => container.is_some_and(|path| !path.starts_with("docker-compose")),
        Family::Ecs | Family::Other => false,
    };
    family && proxy == "nginx" && !customizations.worker
}

/// Does any file say how much nginx shall take?
fn says_limit(subject: &Subject<'_>) -> bool {
    const WORD: &str = "client_max_body_size";
    let tree = subject.tree;
    tree.under(".platform").any(|(path, _)| tree.text(path).is_none_or(|text| text.contains(WORD)))
        || subject.customizations.configs.iter().any(|file| file.text.contains(WORD))
        || subject.scripts().iter().any(|script| script.text.contains(WORD))
}
