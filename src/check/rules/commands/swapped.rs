//! Commands that use Django's own user model where the project has put another in its place.

use std::ops::Range;

use crate::check::script::{Script, fate, find_all};
use crate::check::subject::Subject;
use crate::check::words::Run;

const IMPORT: &str = "from django.contrib.auth.models import ";
const OWN: &str = "auth.User";

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    let Some(settings) = subject.settings() else { return };
    let Some(model) = settings.value("AUTH_USER_MODEL").text().filter(|model| !model.eq_ignore_ascii_case(OWN)) else {
        return;
    };
    for run in script.host_runs() {
        let Some((path, span)) = in_command(subject, script, run) else { continue };
        let (how, level) = fate(script.forgives(run));
        let message =
            format!("{} {how}: `Manager isn't available; '{OWN}' has been swapped for '{model}'`", script.title());
        let fix = "`from django.contrib.auth import get_user_model`, and `User = get_user_model()`";
        subject.find("EB159", &path, span, message, fix).level = level;
        return;
    }
}

/// In the file of a command of the project's own, or in the text that `manage.py shell -c` is given.
fn in_command(subject: &Subject<'_>, script: &Script<'_>, run: &Run) -> Option<(String, Range<usize>)> {
    let (command, arguments) = run.django()?;
    if command.text == "shell" {
        let given = arguments.iter().find(|word| imports(&word.text).is_some())?;
        return Some((script.path.to_owned(), given.span.clone()));
    }
    let (path, text) = subject.own_command(&command.text)?;
    Some((path.to_owned(), imports(text)?))
}

/// Where a text imports the model whose manager it asks.
fn imports(text: &str) -> Option<Range<usize>> {
    let is_user = |name: &str| name.trim().trim_matches(['(', ')']) == "User";
    let span = find_all(text, IMPORT).find(|span| {
        let names = text[span.end..].lines().next().unwrap_or_default();
        names.split(';').next().unwrap_or_default().split(',').any(is_user)
    })?;
    text.contains("User.objects").then_some(span)
}
