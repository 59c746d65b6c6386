//! Copies of the properties of the environment, which whoever is on the instance may read.

use crate::check::script::Script;
use crate::check::subject::Subject;
use crate::check::words::{Run, Word};

/// The file that has them all, which root alone may read.
const OWN: &str = "/opt/elasticbeanstalk/deployment/env";

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    if script.has(&["umask"]) {
        return;
    }
    let runs: Vec<&Run> = script.host_runs().collect();
    let copied = |word: &&&Word| {
        let copies = |run: &&&Run| {
            run.name() == "cp" && run.has(OWN) && run.plain().last().is_some_and(|to| to.text == word.text)
        };
        word.text == OWN || runs.iter().any(|run| copies(&run))
    };
    // A copy has the mode of what it is made of, until somebody gives it another.
    let opened = runs.iter().find_map(|run| {
        let words: Vec<&Word> = run.plain().collect();
        let (mode, files) = words.split_first().filter(|_| run.name() == "chmod")?;
        files.iter().find(copied).filter(|_| opens(&mode.text)).map(|word| (*word).clone())
    });
    let written = || {
        let run = runs.iter().find(|run| prints_all(script.line_of(run)) && run.writes.iter().any(is_file))?;
        let word = run.writes.iter().find(|word| is_file(word))?;
        let closes = |other: &&&Run| {
            matches!(other.name(), "chmod" | "install" | "rm") && other.plain().any(|file| file.text == word.text)
        };
        (!runs.iter().any(|other| closes(&other))).then(|| word.clone())
    };
    let Some(word) = opened.or_else(written) else { return };
    let message = format!(
        "everybody on the instance may read `{}`, to which {} gives all properties of the environment, secrets among them",
        word.text,
        script.title()
    );
    let fix = format!(
        "`chmod 600 {}`; or ask for each that is needed where it is: `/opt/elasticbeanstalk/bin/get-config environment -k NAME`",
        word.text
    );
    subject.find("EB348", script.path, word.span.clone(), message, fix);
}

/// Does a mode of `chmod` let others read?
fn opens(mode: &str) -> bool {
    match mode.chars().all(|char| char.is_ascii_digit()) {
        true => mode.chars().next_back().and_then(|last| last.to_digit(8)).is_some_and(|last| last & 4 != 0),
        false => {
            let who = mode.split(['+', '=']).next().unwrap_or_default();
            (who.is_empty() || who.contains(['o', 'a'])) && mode.contains(['+', '=']) && mode.contains('r')
        }
    }
}

/// Does a line print all of them, names and values?
fn prints_all(line: &str) -> bool {
    let asks = line.contains("get-config") && line.contains("environment");
    let one = [" -k", "--key", "keys"].iter().any(|word| line.contains(word));
    (asks && !one) || line.contains(&format!("cat {OWN}"))
}

/// A file that is not there yet: one that is keeps its mode.
fn is_file(word: &Word) -> bool {
    word.text != OWN && !word.text.starts_with("/dev/") && !word.text.starts_with(['&', '$']) && !word.text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_that_let_others_read() {
        for mode in ["644", "0644", "755", "+r", "a+r", "o=r", "go+r"] {
            assert!(opens(mode), "{mode}");
        }
        for mode in ["600", "640", "0400", "o-r", "u+r", "g+r", "+x"] {
            assert!(!opens(mode), "{mode}");
        }
    }
}
