//! Given: files outside of the bundle that a deployment makes or hands over, so that the server may write to them.

use crate::check::django::Value;
use crate::check::script::Script;
use crate::check::subject::Subject;
use crate::check::words::Run;

/// Does something of the project see to it that `webapp` may write to this file? Whether it does so in time is not asked.
pub(super) fn is_given(subject: &Subject<'_>, file: &Value) -> bool {
    let names = match file.by_default() {
        Value::Text(path) => vec![path.clone()],
        Value::Path(path) => ["", "/var/app/current/", "/var/app/staging/"].map(|root| format!("{root}{path}")).into(),
        _ => return false,
    };
    let is_it = |path: &str| names.iter().any(|name| name == path);
    let written = subject.customizations.used().flat_map(|file| &file.files).any(|entry| {
        let for_all = entry.mode.as_ref().is_some_and(|mode| mode.value.ends_with(['2', '3', '6', '7']));
        let for_server = [&entry.owner, &entry.group].iter().any(|owner| owner.as_deref() == Some("webapp"));
        is_it(&entry.path.value) && (for_all || for_server)
    });
    let hands = |run: &Run| {
        let changes = matches!(run.name(), "chown" | "chgrp" | "chmod" | "setfacl" | "install");
        let below = run.arguments.iter().any(|word| is_recursive(&word.text));
        let covers = |path: &str| {
            let folder = format!("{}/", path.trim_end_matches('/'));
            is_it(path) || below && names.iter().any(|name| name.starts_with(&folder))
        };
        // `*` of a folder is what is in it.
        changes && run.plain().skip(1).any(|word| covers(&word.text) || covers_all(&word.text, &names))
    };
    written || subject.scripts().iter().flat_map(Script::host_runs).any(hands)
}

fn is_recursive(word: &str) -> bool {
    word == "--recursive" || word.starts_with('-') && !word.starts_with("--") && word.contains('R')
}

/// Is one of these in the folder of a pattern such as `/var/log/app/*`?
fn covers_all(pattern: &str, names: &[String]) -> bool {
    let Some((folder, rest)) = pattern.rsplit_once('/') else { return false };
    let lies_there = |name: &String| name.strip_prefix(folder).is_some_and(|name| name.matches('/').count() == 1);
    rest.contains('*') && names.iter().any(lies_there)
}
