//! Lead: what stands before a program, and says as whom it runs and with which variables.
//!
//! That `su` and `runuser` keep the variables unless they are asked for a login was tried with util-linux 2.38.

use std::collections::VecDeque;

use super::{Word, base, is_shell};

/// What led to a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::check) struct Lead {
    /// Such as `sudo` and `timeout`, the outermost first.
    programs: Vec<String>,
    /// The user that the innermost of them names.
    user: Option<String>,
    /// What began with an environment of its own.
    emptied_by: Option<&'static str>,
    /// The variables that are given after that, each with its value where the line has it.
    given: Vec<(String, Option<String>)>,
}

impl Lead {
    /// Is this program in it?
    pub(in crate::check) fn has(&self, program: &str) -> bool {
        self.programs.iter().any(|name| name == program)
    }

    /// Does it lead into a container?
    pub(in crate::check) fn in_container(&self) -> bool {
        self.has("docker")
    }

    /// Does root stay root?
    pub(in crate::check) fn is_root(&self) -> bool {
        self.user.as_deref().is_none_or(|user| matches!(user, "root" | "0" | "#0"))
    }

    /// What drops the variables of the environment, as it is called in a sentence.
    pub(in crate::check) fn emptied_by(&self) -> Option<&'static str> {
        self.emptied_by
    }

    /// Is the program given this variable, whatever the environment has?
    pub(in crate::check) fn gives(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// The variables that the line gives the program, each with its value; `None` where that is not in it.
    pub(in crate::check) fn given(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.given.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// What looks for programs on a path of its own, whatever `PATH` is: sudo has `secure_path`, and an empty environment has none.
    pub(in crate::check) fn own_path(&self) -> Option<&'static str> {
        self.has("sudo").then_some("sudo").or(self.emptied_by).filter(|_| !self.gives("PATH"))
    }

    /// Does the same shell run both? Then what one has entered, the other is in.
    pub(in crate::check) fn is_beside(&self, other: &Self) -> bool {
        self.programs == other.programs
    }

    /// That of a program inside of what this one leads to.
    pub(super) fn around(&self, inner: Self) -> Self {
        let outer = self.clone();
        let given = if inner.emptied_by.is_some() { Vec::new() } else { outer.given };
        Self {
            programs: outer.programs.into_iter().chain(inner.programs).collect(),
            user: inner.user.or(outer.user),
            emptied_by: inner.emptied_by.or(outer.emptied_by),
            given: given.into_iter().chain(inner.given).collect(),
        }
    }

    fn empty(&mut self, by: &'static str) {
        self.emptied_by = Some(by);
        self.given.clear();
    }

    /// Takes what leads to a program from the front of a command. The second value: is that a condition, whose failure stops nobody?
    pub(super) fn take(words: &mut VecDeque<Word>) -> (Self, bool) {
        let (mut lead, mut condition) = (Self::default(), false);
        while let Some(word) = words.front() {
            let text = word.text.as_str();
            let tests = matches!(text, "if" | "elif" | "while" | "until");
            condition |= tests;
            if tests || matches!(text, "then" | "do" | "else" | "!" | "{" | "(" | "fi" | "done" | "}" | ")") {
                words.pop_front();
            } else if let Some((name, value)) = assigned(text) {
                lead.given.push((name.to_owned(), Some(value.to_owned())));
                words.pop_front();
            } else if !lead.program(words) {
                break;
            }
        }
        (lead, condition)
    }

    /// Takes a program that leads to another, with its options and operands; tells whether there was one.
    fn program(&mut self, words: &mut VecDeque<Word>) -> bool {
        let words_of = words.make_contiguous();
        let text = |index: usize| words_of.get(index).map_or("", |word| word.text.as_str());
        let mut leader = base(text(0)).to_owned();
        let mut operands = 0;
        match leader.as_str() {
            "sudo" | "nohup" | "time" | "exec" | "env" | "nice" | "ionice" | "setsid" | "stdbuf" => {}
            "command" if !matches!(text(1), "-v" | "-V") => {}
            // With `-c` they are given a text, as a shell is.
            "flock" | "runuser" if text_of(&leader, &words_of[1..]).is_some() => return false,
            "runuser" => {}
            "timeout" | "flock" => operands = 1,
            "pipenv" | "poetry" | "uv" if text(1) == "run" => operands = 1,
            "docker" | "docker-compose" => {
                // `docker exec` and `docker compose exec`: what follows the container is what runs in it.
                let compose = usize::from(text(1) == "compose");
                if text(1 + compose) != "exec" {
                    return false;
                }
                words.drain(..=compose);
                leader.truncate("docker".len());
                operands = 1;
            }
            _ => return false,
        }
        words.pop_front();
        let mut options = options(&leader, words);
        for _ in 0..operands {
            words.pop_front();
            options.extend(self::options(&leader, words));
        }
        self.apply(&leader, &options);
        self.programs.push(leader);
        true
    }

    /// What the options of a leader mean for the program that it leads to.
    fn apply(&mut self, leader: &str, options: &[Choice]) {
        let has = |names: &[&str]| options.iter().any(|choice| names.contains(&choice.name.as_str()));
        match leader {
            "sudo" => {
                self.user = Some(value(options, &["u", "user"]).unwrap_or("root").to_owned());
                let kept = value(options, &["preserve-env"]);
                if has(&["i", "login"]) || kept.is_some() || !has(&["E", "preserve-env"]) {
                    self.empty("sudo");
                }
                let names = kept.into_iter().flat_map(|names| names.split(','));
                self.given.extend(names.map(|name| (name.to_owned(), None)));
            }
            "runuser" => self.user = value(options, &["u", "user"]).map(str::to_owned),
            "env" if has(&["i", "ignore-environment", ""]) => self.empty("env -i"),
            _ => {}
        }
    }
}

/// The text that a program is given to run, `sh -c TEXT` and `su -c TEXT`, and how it leads there.
pub(super) fn text_of(program: &str, arguments: &[Word]) -> Option<(Word, Lead)> {
    let name = base(program);
    let mut lead = Lead { programs: vec![name.to_owned()], ..Lead::default() };
    if is_shell(name) {
        let short = |word: &&Word| word.text.starts_with('-') && !word.text.starts_with("--");
        let flag = arguments.iter().position(|word| short(&word) && word.text.contains('c'))?;
        return Some((arguments.get(flag + 1)?.clone(), lead));
    }
    let login = match name {
        "su" => Some("su -"),
        "runuser" => Some("runuser -l"),
        "flock" => None,
        _ => return None,
    };
    let mut words: VecDeque<Word> = arguments.iter().cloned().collect();
    let mut options = options(name, &mut words);
    let operand = words.pop_front();
    options.extend(self::options(name, &mut words));
    if let Some(login) = login {
        lead.user = Some(operand.map_or("root".to_owned(), |word| word.text));
        if options.iter().any(|choice| matches!(choice.name.as_str(), "" | "l" | "login")) {
            lead.empty(login);
        }
    }
    let given = options.into_iter().rfind(|choice| matches!(choice.name.as_str(), "c" | "command" | "session-command"));
    Some((given?.value?, lead))
}

/// An option as it was given. `-` alone has an empty name.
struct Choice {
    name: String,
    value: Option<Word>,
}

fn value<'o>(options: &'o [Choice], names: &[&str]) -> Option<&'o str> {
    let choice = options.iter().rfind(|choice| names.contains(&choice.name.as_str()))?;
    choice.value.as_ref().map(|word| word.text.as_str())
}

/// The options of a leader that have a value: those of one letter, and the long ones.
fn valued(leader: &str) -> (&'static str, &'static [&'static str]) {
    match leader {
        "sudo" => (
            "CDRTUghprtu",
            &[
                "chdir",
                "chroot",
                "close-from",
                "command-timeout",
                "group",
                "host",
                "other-user",
                "prompt",
                "role",
                "type",
                "user",
            ],
        ),
        "su" | "runuser" => {
            ("Gcgsuw", &["command", "group", "session-command", "shell", "supp-group", "user", "whitelist-environment"])
        }
        "nice" => ("n", &["adjustment"]),
        "ionice" => ("Pcnpu", &["class", "classdata", "pgid", "pid", "uid"]),
        "time" => ("fo", &["format", "output"]),
        "exec" => ("a", &[]),
        "stdbuf" => ("eio", &["error", "input", "output"]),
        "env" => ("CSu", &["chdir", "split-string", "unset"]),
        "flock" => ("Ecw", &["command", "conflict-exit-code", "timeout", "wait"]),
        "timeout" => ("ks", &["kill-after", "signal"]),
        "uv" => ("p", &["directory", "env-file", "extra", "group", "project", "python", "with"]),
        "docker" => ("euw", &["detach-keys", "env", "env-file", "index", "user", "workdir"]),
        _ => ("", &[]),
    }
}

/// Takes the options at the front, each with its value.
fn options(leader: &str, words: &mut VecDeque<Word>) -> Vec<Choice> {
    let (short, long) = valued(leader);
    let mut found = Vec::new();
    while let Some(word) = words.pop_front_if(|word| word.text.starts_with('-')) {
        if word.text == "--" {
            break;
        }
        if let Some(name) = word.text.strip_prefix("--") {
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name, Some(Word { text: value.to_owned(), span: word.span.clone() })),
                None => (name, long.contains(&name).then(|| words.pop_front()).flatten()),
            };
            found.push(Choice { name: name.to_owned(), value });
            continue;
        }
        // `-Eu webapp` and `-uwebapp`.
        let letters = &word.text[1..];
        let last = letters.char_indices().find(|(_, letter)| short.contains(*letter));
        let (plain, valued) = letters.split_at(last.map_or(letters.len(), |(at, _)| at));
        found.extend(plain.chars().map(|letter| Choice { name: letter.to_string(), value: None }));
        if let Some((_, letter)) = last {
            let rest = &valued[letter.len_utf8()..];
            let value = match rest {
                "" => words.pop_front(),
                rest => Some(Word { text: rest.to_owned(), span: word.span.clone() }),
            };
            found.push(Choice { name: letter.to_string(), value });
        } else if letters.is_empty() {
            found.push(Choice { name: String::new(), value: None });
        }
    }
    found
}

/// `X` and what follows of `X=…`.
pub(in crate::check) fn assigned(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let named = !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    named.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::super::runs;
    use super::*;

    /// The lead of the innermost program that a line runs.
    fn lead(line: &str) -> Lead {
        let found = runs(line);
        let inner = found.iter().find(|run| run.name() == "python").unwrap_or_else(|| panic!("{line}: {found:?}"));
        assert_eq!(inner.arguments.len(), 1, "{line}");
        inner.lead.clone()
    }

    #[test]
    fn as_whom() {
        for line in ["python x", "sudo python x", "sudo -E python x", "sudo -u root python x", "su -c 'python x'"] {
            assert!(lead(line).is_root(), "{line}");
        }
        for line in [
            "sudo -u webapp python x",
            "sudo -Eu webapp python x",
            "sudo -uwebapp python x",
            "sudo --user=webapp -- python x",
            "sudo -E -H --user webapp python x",
            "runuser -u webapp -- python x",
            "runuser webapp -c 'python x'",
            "runuser -l webapp -c 'python x'",
            "su webapp -c 'python x'",
            "su - webapp -s /bin/bash -c 'python x'",
            "su -s /bin/bash -c 'python x' webapp",
            "su --command 'python x' webapp",
            "sudo su webapp -c 'python x'",
            "sudo -u webapp bash -lc 'timeout 5 python x'",
            "su webapp -c \"bash -c 'python x'\"",
            "flock -n /tmp/l sudo -u webapp python x",
        ] {
            assert!(!lead(line).is_root(), "{line}");
        }
    }

    #[test]
    fn with_which_variables() {
        #[track_caller]
        fn case(line: &str, by: Option<&str>, given: &[&str]) {
            let lead = lead(line);
            let names: Vec<&str> = lead.given().map(|(name, _)| name).collect();
            assert_eq!((lead.emptied_by(), names.as_slice()), (by, given), "{line}");
        }
        case("A=1 python x", None, &["A"]);
        case("A=1 sudo python x", Some("sudo"), &[]);
        case("sudo A=1 python x", Some("sudo"), &["A"]);
        case("sudo --preserve-env=A,B python x", Some("sudo"), &["A", "B"]);
        case("sudo -nE python x", None, &[]);
        case("sudo -iu webapp python x", Some("sudo"), &[]);
        case("env -i A=1 python x", Some("env -i"), &["A"]);
        case("env - python x", Some("env -i"), &[]);
        case("env A=1 python x", None, &["A"]);
        // They keep what they find, unless they are asked for a login.
        case("su webapp -c 'python x'", None, &[]);
        case("runuser -u webapp python x", None, &[]);
        case("su - webapp -c 'A=1 python x'", Some("su -"), &["A"]);
        case("su webapp -l -c 'python x'", Some("su -"), &[]);
        case("runuser --login webapp -c 'python x'", Some("runuser -l"), &[]);
        case("sudo su webapp -c 'python x'", Some("sudo"), &[]);
        case("flock /tmp/l -c 'python x'", None, &[]);
        case("flock /tmp/l bash -c 'python x'", None, &[]);
    }

    #[test]
    fn on_which_path() {
        for line in ["sudo -E python x", "su - webapp -c 'python x'", "sudo bash -c 'python x'", "env -i python x"] {
            assert!(lead(line).own_path().is_some(), "{line}");
        }
        for line in ["python x", "su webapp -c 'python x'", "sudo PATH=/a python x"] {
            assert!(lead(line).own_path().is_none(), "{line}");
        }
    }
}
