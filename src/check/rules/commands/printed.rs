//! Commands that print what nobody should read in a log.

use crate::check::script::{Place, Script};
use crate::check::subject::Subject;

/// What prints all properties of the environment, whole commands.
const PRINTS: [&str; 8] = [
    "env",
    "printenv",
    "export",
    "export -p",
    "set",
    "/usr/bin/env",
    "/opt/elasticbeanstalk/bin/get-config environment",
    "cat /opt/elasticbeanstalk/deployment/env",
];

/// What goes through these is still all of it.
const FILTERS: [&str; 3] = ["sort", "tee", "cat"];

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    if !matches!(script.place, Place::ContainerCommand(_) | Place::Hook(_)) {
        return;
    }
    let Some(at) = commands(script.text).find_map(|(at, command)| prints(command).then_some((at, command.len())))
    else {
        return;
    };
    let span = at.0 + script.start..at.0 + at.1 + script.start;
    let message =
        format!("{} prints every property of the environment into a log, and secrets with them", script.title());
    let fix = "take it out: `eb printenv` shows them to whoever may see them";
    subject.find("EB164", script.path, span, message, fix);
}

/// The pieces of a text that a shell carries out one after the other, and where they begin.
fn commands(text: &str) -> impl Iterator<Item = (usize, &str)> {
    // The quotes of YAML, or of `sh -c`.
    let around = |char: char| char.is_whitespace() || char == '"' || char == '\'';
    let mut at = 0;
    text.split_inclusive(['\n', ';', '&']).map(move |piece| {
        let begin = at + piece.len() - piece.trim_start_matches(around).len();
        at += piece.len();
        (begin, piece.trim_end_matches(['\n', ';', '&']).trim_matches(around))
    })
}

fn prints(command: &str) -> bool {
    let command = command.strip_prefix("sudo ").unwrap_or(command);
    let mut parts = command.split('|').map(str::trim);
    let first = parts.next().unwrap_or_default();
    PRINTS.contains(&first) && parts.all(|part| FILTERS.iter().any(|filter| part.split(' ').next() == Some(filter)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_prints_all_of_it() {
        let all = |text: &'static str| commands(text).any(|(_, command)| prints(command));
        for text in ["env", "\"env\"", "cd x && env", "printenv | sort", "sudo printenv\n", "a\nset\nb", "export; ls"] {
            assert!(all(text), "{text}");
        }
        for text in [
            "set -e",
            "env X=1 python a.py",
            "env | grep RDS_HOST",
            "printenv HOME",
            "printenv > /tmp/x",
            "export A=$(/opt/elasticbeanstalk/bin/get-config environment)",
            "/opt/elasticbeanstalk/bin/get-config environment | jq -r .HOST",
            "source /var/app/venv/env",
        ] {
            assert!(!all(text), "{text}");
        }
    }
}
