//! Revisions: migrations of Alembic, by itself or for Flask, that an instance writes, or that do not ship.

use crate::check::script::Script;
use crate::check::subject::Subject;
use crate::check::words::{Run, Word, is_python};
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    if let Some(word) = script.host_runs().find_map(|run| asked(run, &WRITE)) {
        let message = format!(
            "{} writes migrations on the instance, each instance its own, and the next deployment deletes them: from then on `Can't locate revision` is all that Alembic says",
            script.title()
        );
        let fix = "commit what it writes, and only run `upgrade` here";
        subject.find("EB034", script.path, word.span.clone(), message, fix);
        return;
    }
    let Some(word) = script.host_runs().find_map(|run| asked(run, &["upgrade"])) else { return };
    let writes = |other: &Script<'_>| other.runs().iter().any(|run| asked(run, &WRITE).is_some());
    if ships(subject) || subject.scripts().iter().any(writes) {
        return;
    }
    let message = format!(
        "{} makes no tables: no revision ships, which Alembic looks for in a folder `versions`",
        script.title()
    );
    let fix = "commit the folder with its files, and see that no ignore file leaves it out";
    subject.find("EB292", script.path, word.span.clone(), message, fix).level = Level::Warning;
}

/// What makes files, of Alembic's own and of Flask-Migrate's.
const WRITE: [&str; 3] = ["revision", "migrate", "init"];

/// The command that is asked for, if it is one of these of Alembic's.
pub(super) fn asked<'r>(run: &'r Run, commands: &[&str]) -> Option<&'r Word> {
    let mut words = run.plain();
    let program = match run.name() {
        name if is_python(name) && run.has("-m") => words.next()?.text.clone(),
        name => name.to_owned(),
    };
    let of_manage = run.django().filter(|(command, _)| command.text == "db").map(|(_, rest)| rest);
    let command = match (program.as_str(), of_manage) {
        (_, Some(rest)) => rest.iter().find(|word| !word.text.starts_with('-'))?,
        // `-c FILE`, `-n NAME` and `-x VALUE` have a value each.
        ("alembic", _) => words.find(|word| matches!(word.text.as_str(), "revision" | "upgrade" | "init"))?,
        ("flask", _) => words.skip_while(|word| word.text != "db").nth(1)?,
        _ => return None,
    };
    commands.contains(&command.text.as_str()).then_some(command)
}

/// Is there a revision? Of a folder that holds nothing but options, nobody knows what else ships.
fn ships(subject: &Subject<'_>) -> bool {
    let tree = subject.tree;
    let code = tree.iter().any(|(path, _)| path.ends_with(".py"));
    let revision = |path: &str| path.contains("versions/") && path.ends_with(".py") && !path.contains("site-packages");
    !code || tree.iter().any(|(path, _)| revision(path))
}
