//! Superuser: who makes one in a deployment, and does so again in the next.

use crate::check::script::{Place, Script};
use crate::check::subject::Subject;

const FIX: &str = "a command of your own that makes the user where there is none yet, with a password from a secret";

/// Without `--noinput` it asks whether there is a terminal, and makes nobody; with it, it stops where the user is there
/// (tried with Django 2.2, 3.2 and 5.2).
pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    let Some((run, span)) = script.django(&["createsuperuser"]) else { return };
    if script.forgives(run) {
        return;
    }
    let word = run.django().map_or(span.clone(), |(command, _)| command.span.clone());
    let title = script.title();
    if !["--noinput", "--no-input"].iter().any(|flag| run.has(flag)) {
        let message =
            format!("{title}: `createsuperuser` makes nobody: without a terminal it is skipped, and nobody is told");
        subject.find("EB160", script.path, word, message, FIX);
        return;
    }
    // Whoever asks first, in whichever way, may ask for the user.
    let asks =
        matches!(script.place, Place::ContainerCommand(command) | Place::Command(command) if command.test.is_some());
    let asks = asks || ["if ", "||", "test ", "[ "].iter().any(|word| script.text.contains(word));
    if !asks && script.fails_with(run) == Some(true) {
        let message = format!(
            "{title} fails from the second deployment on: `createsuperuser` stops where the user is there already"
        );
        subject.find("EB179", script.path, word, message, FIX);
    }
}
