//! Logged: secrets that code prints as the server imports it.

use crate::check::django::loaded::{Module, followed};
use crate::check::rules::settings::keys::says_secret;
use crate::check::subject::Subject;

const RULE: &str = "EB319";

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    let settings = subject.settings().map(|settings| settings.files.clone()).unwrap_or_default();
    let paths: Vec<&str> = settings.iter().map(String::as_str).collect();
    let read = followed(subject.tree, &paths);
    let read = read.iter().filter(|module| settings.contains(&module.path));
    let others = modules.iter().filter(|module| !settings.contains(&module.path));
    let mut found = Vec::new();
    for module in read.chain(others) {
        let text = subject.tree.code(&module.path).unwrap_or_default();
        for call in &module.calls {
            let secret = call.shown.iter().find_map(|name| what(name, text).map(|secret| (call.span.clone(), secret)));
            found.extend(secret.map(|(span, secret)| (module.path.clone(), span, secret)));
        }
    }
    for (path, span, secret) in found {
        let message = format!("whoever reads the logs has {secret}: this prints it as the server starts");
        let fix = "take the line out, and make new ones where it has run: logs are copied to S3 and to CloudWatch";
        subject.find(RULE, &path, span, message, fix);
    }
}

/// What is given away with the value of a name.
fn what(name: &str, text: &str) -> Option<String> {
    let last = name.rsplit('.').next().unwrap_or_default();
    let upper = last.to_ascii_uppercase();
    let constant = last == upper;
    match name {
        "os.environ" => Some("every property of the environment, and secrets with them".to_owned()),
        _ if last == "DATABASES" => {
            text.contains("PASSWORD").then(|| "the password of the database, which is in `DATABASES`".to_owned())
        }
        _ if constant && (last == "SECRET_KEY" || says_secret(last)) => Some(format!("`{last}`")),
        _ => None,
    }
}
