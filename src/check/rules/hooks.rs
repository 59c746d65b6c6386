//! `.platform`: where hooks lie, and whether they can run.

use crate::beanstalk::customizations::Moment;
use crate::beanstalk::tree::{Entry, file_name};
use crate::check::finding::Edit;
use crate::check::subject::Subject;

use super::shell::{Place, scripts};

pub(super) fn check(subject: &mut Subject<'_>) {
    places(subject);
    let customizations = subject.customizations;
    for hook in &customizations.hooks {
        runnable(subject, &hook.path);
    }
    lost_files(subject);
    word_splitting(subject);
}

/// Scripts that nothing runs because of where they are.
fn places(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    for (path, entry) in tree.iter() {
        if matches!(entry, Entry::Directory) || matches!(file_name(path), ".gitkeep" | "README.md" | ".gitignore") {
            continue;
        }
        let Some(at) = path.find(".platform/") else { continue };
        if at > 0 && (path[at..].starts_with(".platform/hooks/") || path[at..].starts_with(".platform/confighooks/")) {
            if path[..at].ends_with('/') && !path[..at].contains("site-packages") {
                let message = format!("`{path}` never runs: `.platform` is looked for at the top of the bundle only");
                subject.find_file("EB094", path, message, "move `.platform` to the top of the bundle");
            }
            continue;
        }
        let Some(rest) = path.strip_prefix(".platform/hooks/").or_else(|| path.strip_prefix(".platform/confighooks/"))
        else {
            continue;
        };
        let known = |dir: &str| Moment::ALL.iter().any(|moment| moment.name() == dir);
        match rest.split_once('/') {
            Some((dir, _)) if known(dir) => {}
            Some((dir, _)) => {
                let message = format!("`{path}` never runs: there is no moment `{dir}`");
                subject.find_file("EB094", path, message, "the folders are `prebuild`, `predeploy` and `postdeploy`");
            }
            None => {
                let message = format!("`{path}` never runs: it is in none of the folders of the three moments");
                subject.find_file("EB094", path, message, "move it to `prebuild`, `predeploy` or `postdeploy`");
            }
        }
    }
}

fn runnable(subject: &mut Subject<'_>, path: &str) {
    let tree = subject.tree;
    let Some(Entry::File { executable, content: Some(content), .. }) = tree.get(path) else { return };
    if !executable {
        let message = format!("`{path}` is not executable: platform versions before 29 April 2022 refuse to run it");
        subject.find_file("EB092", path, message, format!("`chmod +x {path}`")).edit(Edit::Executable);
    }
    if content.starts_with(b"\x7fELF") {
        return;
    }
    if !content.starts_with(b"#!") {
        let message = format!("`{path}` has no `#!` line: it fails with `exec format error`");
        subject.find("EB096", path, 0..0, message, "begin with `#!/bin/bash`");
    }
    let Some(text) = subject.tree.text(path) else { return };
    if let Some(end) = text.find("\r\n") {
        let message = format!(
            "`{path}` has Windows line endings: platform versions before 29 December 2022 look for an interpreter named `bash\\r`"
        );
        let finding = subject.find("EB092", path, end..end + 1, message, "save it with Unix line endings");
        finding.edit(Edit::Content(text.replace("\r\n", "\n")));
    }
}

/// What is made in the application's folder is gone after a configuration deployment.
fn lost_files(subject: &mut Subject<'_>) {
    const PRODUCES: &[&str] = &["collectstatic", "compilemessages", "manage.py compress", "npm run build"];
    let all = scripts(subject);
    let again = |needle: &str| {
        all.iter().any(|script| {
            matches!(script.place, Place::Hook(hook) if hook.config)
                && (script.text.contains(needle) || calls_hooks(script.text))
        })
    };
    for script in &all {
        let once = match script.place {
            Place::Hook(hook) => !hook.config,
            Place::ContainerCommand(_) => true,
            Place::Command(_) => false,
        };
        for needle in PRODUCES.iter().filter(|_| once) {
            if let Some(span) = script.find(&[needle]).filter(|_| !again(needle)) {
                let what = needle.trim_start_matches("manage.py ");
                let message = format!(
                    "the files of `{what}` are gone after the next change of an environment property: only confighooks run then"
                );
                let fix = "run it in `.platform/confighooks/predeploy` as well";
                subject.find("EB093", script.path, span, message, fix);
            }
        }
    }
}

fn calls_hooks(text: &str) -> bool {
    text.contains(".platform/hooks/") || text.contains("../hooks/")
}

fn word_splitting(subject: &mut Subject<'_>) {
    for script in &scripts(subject) {
        let exports = [
            "export $(/opt/elasticbeanstalk/bin/get-config",
            "export $(sudo /opt/elasticbeanstalk/bin/get-config",
            "export $(cat /opt/elasticbeanstalk/deployment/env",
        ];
        if let Some(span) = script.find(&exports) {
            let message = format!(
                "a property with a space or a quote in it breaks {}: the shell splits the words",
                script.title()
            );
            subject.find("EB071", script.path, span, message, "ask for one property: `get-config environment -k NAME`");
        }
    }
}
