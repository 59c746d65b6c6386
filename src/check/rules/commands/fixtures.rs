//! Fixtures: rows that each deployment writes anew, over what people have changed since.

use crate::beanstalk::tree::{Tree, file_name};
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::Word;

/// `loaddata` takes one of several names after these.
const VALUES: [&str; 7] = ["--database", "--app", "-e", "--exclude", "--format", "--settings", "-v"];

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    let again = match script.place {
        Place::ContainerCommand(command) => command.test.is_none(),
        Place::Hook(hook) => !hook.config,
        Place::Process(_) => true,
        Place::Command(_) | Place::Build(_) => false,
    };
    // Whoever asks first may ask whether they are there.
    let asks = ["if ", "||", "test ", "[ ", "case "].iter().any(|word| script.text.contains(word));
    if !again || asks {
        return;
    }
    let loads = script.runs().iter().filter_map(|run| run.django()).filter(|(command, _)| command.text == "loaddata");
    let mut files = loads.flat_map(|(_, arguments)| named(arguments));
    let Some(word) = files.find(|word| is_there(subject.tree, &word.text)) else { return };
    let message = format!(
        "{} writes the rows of `{}` again in each deployment: over what people have changed in them since, or once more where they have no key",
        script.title(),
        file_name(&word.text)
    );
    let fix = "load it once by hand; or in a migration, which runs once for each database";
    subject.find("EB370", script.path, word.span.clone(), message, fix);
}

/// The fixtures that it is given.
fn named(arguments: &[Word]) -> Vec<&Word> {
    let before = |at: usize| at.checked_sub(1).map(|before| arguments[before].text.as_str());
    let is_value = |at: usize| before(at).is_some_and(|word| VALUES.contains(&word));
    let plain = arguments.iter().enumerate().filter(|(at, word)| !word.text.starts_with('-') && !is_value(*at));
    plain.map(|(_, word)| word).collect()
}

/// Is there a fixture of this name, with its ending or without, in a folder for them or by its path?
fn is_there(tree: &Tree, name: &str) -> bool {
    const ENDS: [&str; 5] = ["json", "jsonl", "xml", "yaml", "yml"];
    let name = name.trim_start_matches("./");
    let is = |path: &str| {
        let is_fixture = path.starts_with("fixtures/") || path.contains("/fixtures/");
        let Some((stem, end)) = path.rsplit_once('.').filter(|(_, end)| ENDS.contains(end)) else { return false };
        let of_name = |other: &str| path == other || (is_fixture && path.ends_with(&format!("/{other}")));
        of_name(name) || (is_fixture && stem.ends_with(&format!("/{name}")) && !name.ends_with(end))
    };
    tree.iter().any(|(path, _)| is(path))
}
