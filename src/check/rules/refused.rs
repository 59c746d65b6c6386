//! Refused: lines that pip cannot read. One of them, and nothing of all files is installed.

use std::ops::Range;

use crate::beanstalk::requirements::{self, Requirements, Source};
use crate::check::subject::Subject;

const RULE: &str = "EB291";

/// What pip 26.0 takes in a file, as its `req_file.py` lists it: each name, and whether a value follows.
const OPTIONS: [(&str, bool); 18] = [
    ("--all-releases", true),
    ("--config-settings", true),
    ("--constraint", true),
    ("--editable", true),
    ("--extra-index-url", true),
    ("--find-links", true),
    ("--hash", true),
    ("--index-url", true),
    ("--no-binary", true),
    ("--no-index", false),
    ("--only-binary", true),
    ("--only-final", true),
    ("--pre", false),
    ("--prefer-binary", false),
    ("--pypi-url", true),
    ("--require-hashes", false),
    ("--requirement", true),
    ("--trusted-host", true),
];

/// Short names, each with a value.
const SHORT: &str = "icrefC";

/// Options of builds that older versions of pip took here (`--install-option` until 23.0, `--global-option` until 25.2).
const BUILD: [&str; 3] = ["--global-option", "--install-option", "--build-option"];

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    for path in &requirements.files {
        // What Pipenv keeps has another form.
        let Some(text) = subject.tree.text(path).filter(|_| !path.contains("Pipfile")) else { continue };
        let bad = lines(text).find_map(|(at, line)| Some((at, line, Refused::of(line)?)));
        let Some((at, line, refused)) = bad else { continue };
        let (message, fix, span) = refused.say(line);
        subject.find(RULE, path, at + span.start..at + span.end, message, fix);
    }
    hashes(subject, requirements);
}

/// The beginnings of what pip reads as one line, each with its place.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    requirements::logical(text).into_iter().filter_map(|(span, _)| {
        let line = text[span.clone()].lines().next()?.trim_end_matches(['\\', ' ', '\t']);
        (!line.is_empty()).then_some((span.start, line))
    })
}

/// Some have a digest, and others none: then pip wants one of each.
fn hashes(subject: &mut Subject<'_>, requirements: &Requirements) {
    if requirements.source != Some(Source::Requirements) {
        return;
    }
    let asked = || requirements.lines.iter().filter(|line| !line.constraint && line.marker.is_none());
    let Some(with) = asked().find(|line| !line.hashes.is_empty()) else { return };
    let bare = asked().find(|line| line.hashes.is_empty() && !line.text.contains("#sha") && !line.name.is_empty());
    if let Some(bare) = bare {
        let message = format!(
            "pip fails with `Hashes are required in --require-hashes mode`, and nothing is installed: `{}` has none, and `{}` has",
            bare.name, with.name
        );
        let fix = "give each line its `--hash`, as `pip-compile --generate-hashes` does, or none";
        subject.find(RULE, &bare.path, bare.span.clone(), message, fix);
    }
}

/// Why pip stops at a line.
#[derive(Debug, PartialEq, Eq)]
enum Refused {
    /// No option of a file's.
    Option(Range<usize>),
    /// `name=1.2`.
    OneSign(Range<usize>),
    /// What a merge leaves where it could not decide.
    Merge,
    /// A word of a shell's before the names.
    Command(Range<usize>),
    /// No name at the beginning: a quote, a star.
    NoName,
    /// After the name comes nothing of what may.
    AfterName(Range<usize>),
    /// After `==`.
    NoVersion(Range<usize>),
}

impl Refused {
    fn of(line: &str) -> Option<Self> {
        if ["<<<<<<< ", ">>>>>>> "].iter().any(|mark| line.starts_with(mark)) {
            return Some(Self::Merge);
        }
        if let Some(span) = option(line) {
            return Some(Self::Option(span));
        }
        let command = ["pip install ", "pip3 install ", "python -m pip install ", "python3 -m pip install "];
        if let Some(command) = command.into_iter().find(|command| line.starts_with(command)) {
            return Some(Self::Command(0..command.trim_end().len()));
        }
        if line.starts_with(['"', '\'', '*', '•']) {
            return Some(Self::NoName);
        }
        let end = line.find(|char: char| !(char.is_ascii_alphanumeric() || "-_.".contains(char)))?;
        let rest = line[end..].trim_start();
        let rest = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(rest, |(_, rest)| rest);
        let rest = rest.trim_start();
        let one = rest.strip_prefix('=').is_some_and(|rest| !rest.starts_with('='));
        let at = line.len() - rest.len();
        if end == 0 || line.starts_with('-') || line.contains(['$', '/', '\\', '@']) {
            return None;
        }
        if one {
            return Some(Self::OneSign(at..at + 1));
        }
        let rest = rest.split(';').next().unwrap_or_default().split(" --").next().unwrap_or_default().trim_end();
        let signed = ["==", "!=", "<", ">", "~="].iter().any(|sign| rest.starts_with(sign));
        match rest.strip_prefix("==").filter(|rest| !rest.starts_with('=')) {
            Some(version) if !is_version(version) => Some(Self::NoVersion(at + 2..at + rest.len())),
            None if !rest.is_empty() && !signed && !rest.starts_with(['(', '[', ',', '-']) => {
                Some(Self::AfterName(at..at + rest.len()))
            }
            _ => None,
        }
    }

    /// The message, the fix, and the place in the line.
    fn say(&self, line: &str) -> (String, String, Range<usize>) {
        let all = "nothing is installed";
        match self {
            Self::Option(span) => {
                let option = &line[span.clone()];
                let fix = match option {
                    option if BUILD.contains(&option) => {
                        "take it out; `--config-settings` is what hands something to a build today".to_owned()
                    }
                    option => {
                        format!("take it out: `{option}` is for the command line, and pip is started by the platform")
                    }
                };
                (format!("pip fails with `no such option: {option}`, and {all}"), fix, span.clone())
            }
            Self::OneSign(span) => {
                let name = line[..span.start].trim_end();
                let message = format!("pip fails with `Invalid requirement`, and {all}: one `=` is none of its signs");
                let version = line[span.end..].split(['=', ' ', ';']).find(|part| !part.is_empty()).unwrap_or_default();
                (message, format!("write `{name}=={version}`"), span.clone())
            }
            Self::Merge => {
                let message = format!("pip fails with `Invalid requirement`, and {all}: a merge was not finished here");
                (message, "keep what is meant, and take the three marks out".to_owned(), 0..line.len())
            }
            Self::NoName => {
                let message = format!("pip fails with `Invalid requirement`, and {all}: a line begins with a name");
                (message, "write the name alone".to_owned(), 0..line.len())
            }
            Self::AfterName(span) => {
                let message = format!(
                    "pip fails with `Invalid requirement`, and {all}: `{}` is nothing that may come after a name",
                    &line[span.clone()]
                );
                let fix =
                    format!("write `{}==` and the version, and one package a line", line[..span.start].trim_end());
                (message, fix, span.clone())
            }
            Self::NoVersion(span) => {
                let message = format!("pip fails, and {all}: `{}` is no version", line[span.clone()].trim());
                let fix = "write the version's numbers after `==`, and one package a line".to_owned();
                (message, fix, span.clone())
            }
            Self::Command(span) => {
                let message = format!("pip fails with `Invalid requirement`, and {all}: this is a command");
                (message, "write the names alone, each on a line of its own".to_owned(), span.clone())
            }
        }
    }
}

/// May it stand after `==`? Of several clauses, the first is asked. Variables and what nobody has seen count as such.
fn is_version(text: &str) -> bool {
    let version = text.split(',').next().unwrap_or_default().trim().trim_end_matches(')').trim_end();
    let first = version.trim_start_matches(['v', 'V']).chars().next();
    let odd = |char: char| !(char.is_ascii_alphanumeric() || ".-_+!*".contains(char));
    version.contains(['{', '%', '<']) && !version.starts_with('<')
        || (first.is_some_and(|first| first.is_ascii_digit()) && !version.contains(odd))
}

/// Where the first option stands that pip does not take in a file.
fn option(line: &str) -> Option<Range<usize>> {
    let mut at = 0;
    let mut value = false;
    for word in line.split([' ', '\t']) {
        let start = at;
        at += word.len() + 1;
        if word.is_empty() || std::mem::take(&mut value) {
            continue;
        }
        if word == "--" {
            return None;
        }
        let Some(name) = word.strip_prefix('-').filter(|name| !name.is_empty()) else { continue };
        if let Some(long) = name.strip_prefix('-') {
            let end = long.find('=').unwrap_or(long.len());
            let name = &word[..end + 2];
            // A beginning that only one of them has is enough.
            let Some((_, with)) = OPTIONS.iter().find(|(option, _)| option.starts_with(name)) else {
                return (name != "--use-feature").then_some(start..start + name.len());
            };
            value = *with && end == long.len();
        } else if name.starts_with(|char: char| SHORT.contains(char)) {
            value = name.len() == 1;
        } else if name.starts_with(|char: char| char.is_ascii_alphabetic()) {
            return Some(start..start + 2);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pip_takes_and_what_it_refuses() {
        // Each was given to pip 26.0, and is refused, or is not.
        #[track_caller]
        fn case(line: &str, refused: Option<&str>) {
            let found = Refused::of(line).map(|refused| line[refused.say(line).2].to_owned());
            assert_eq!(found.as_deref(), refused, "{line}");
        }
        case("pycurl==7.43.0 --global-option=\"--with-nss\"", Some("--global-option"));
        case("six --install-option \"--prefix=/x\"", Some("--install-option"));
        case("six==1.16.0 --build-option=x", Some("--build-option"));
        case("--upgrade", Some("--upgrade"));
        case("six -U", Some("-U"));
        case("-U six", Some("-U"));
        case("--user", Some("--user"));
        case("--process-dependency-links", Some("--process-dependency-links"));
        case("six --no-deps", Some("--no-deps"));
        case("six=1.16.0", Some("="));
        case("six[all] = 1.16.0", Some("="));
        case("<<<<<<< HEAD", Some("<<<<<<< HEAD"));
        case(">>>>>>> main", Some(">>>>>>> main"));
        case("pip install six", Some("pip install"));
        case("\"six==1.16.0\"", Some("\"six==1.16.0\""));
        case("* six", Some("* six"));
        case("six 1.16.0", Some("1.16.0"));
        case("six~1.16", Some("~1.16"));
        case("six!1.16", Some("!1.16"));
        case("six: 1.16", Some(": 1.16"));
        case("six==latest", Some("latest"));
        case("six==>1", Some(">1"));
        case("six==", Some(""));
        case("six==1.16.0 idna==3.4", Some("1.16.0 idna==3.4"));
        case("six==1.7.9pandas==1.0", Some("1.7.9pandas==1.0"));
        for line in [
            "six==1.16.0",
            "six",
            "six==1.16.0; python_version > \"3\"",
            "six;python_version>\"3\"",
            "six[all]",
            "six (==1.16.0)",
            "six==v1.16.0",
            "six==1.16.*",
            "six==1.16.0,",
            "six == 1.16.0 , != 1.15",
            "six===1.16.0",
            "six<2,>1",
            "six!=1.15",
            "six==2020.4.5.1",
            "six==1.0.post1+local",
            "six==1!2.0",
            "six >= 1, < 2 ; python_version < \"4\"",
            "six==1.16.0 --hash=sha256:aa --hash sha256:bb",
            "six --config-settings=\"--build-option=x\"",
            "six --config-settings --x=y",
            "--index-url https://example.org/simple",
            "-i https://example.org/simple",
            "-fwheels",
            "--extra-index https://example.org/simple",
            "--trusted-host example.org",
            "--no-index",
            "--pre",
            "--only-binary :all:",
            "--use-feature=fast-deps",
            "-e git+https://example.org/x.git@main#egg=x",
            "-r base.txt",
            "-C x=y",
            "./some/folder=x",
            "six @ https://example.org/six.whl?a=b",
            "https://example.org/six.whl?a=b",
            "six==1.16.0 -- x",
            "six - x",
        ] {
            case(line, None);
        }
    }

    #[test]
    fn lines_that_go_on() {
        let text = "a==1 \\\n    --hash=sha256:0  # x\n# -U\n\n  b=1 # c\n";
        assert_eq!(lines(text).collect::<Vec<_>>(), [(0, "a==1"), (40, "b=1")]);
    }
}
