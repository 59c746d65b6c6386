//! Environ: how code asks for variables, where that cannot be answered.

use crate::beanstalk::platforms::Family;
use crate::check::django::loaded::Module;
use crate::check::script::find_all;
use crate::check::subject::Subject;

/// The modules and the settings, each once.
fn files(subject: &Subject<'_>, modules: &[Module]) -> Vec<String> {
    let settings = subject.settings().map(|settings| settings.files.clone()).unwrap_or_default();
    let own = modules.iter().map(|module| module.path.clone()).filter(|path| !settings.contains(path));
    settings.iter().cloned().chain(own).collect()
}

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    for path in files(subject, modules) {
        let text = subject.tree.code(&path).unwrap_or_default();
        called(subject, &path, text);
        never_set(subject, &path, text);
    }
}

/// `os.environ("NAME")`
fn called(subject: &mut Subject<'_>, path: &str, text: &str) {
    const CALL: &str = "os.environ(";
    let mut calls = find_all(text, CALL).filter(|span| text[span.end..].trim_start().starts_with(['"', '\'']));
    let Some(span) = calls.next() else { return };
    let more = super::attributes::more(calls.count());
    let message = format!("where this runs it stops with `TypeError: '_Environ' object is not callable`{more}");
    let fix = "`os.environ[\"NAME\"]`, or `os.environ.get(\"NAME\")` for one that may be missing";
    subject.find("EB350", path, span.start..span.end - 1, message, fix);
}

/// A variable of other places where code of AWS's runs: functions, and containers of ECS.
fn never_set(subject: &mut Subject<'_>, path: &str, text: &str) {
    const NAME: &str = "AWS_EXECUTION_ENV";
    let family = subject.customizations.family;
    if !matches!(family, Family::Python | Family::Docker)
        || subject.gives(NAME)
        || text.contains(&format!("environ[\"{NAME}\"] ="))
    {
        return;
    }
    let decides = |line: &str| {
        let lower = line.to_ascii_lowercase();
        let asks = ["environ", "getenv(", "config(", "env("].iter().any(|way| line.contains(way));
        asks && !lower.contains("lambda") && !line.contains(" or ")
    };
    let line = |at: usize| {
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        text[start..].lines().next().unwrap_or_default()
    };
    let Some(span) = find_all(text, NAME).find(|span| decides(line(span.start))) else { return };
    let message = format!(
        "`{NAME}` is never there: no instance of Elastic Beanstalk sets it, and what asks for it is told that this is not AWS"
    );
    let fix = "ask for a property of your own, such as `ON_AWS`, and set that";
    subject.find("EB351", path, span, message, fix);
}
