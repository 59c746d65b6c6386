//! The command line of a process, as words with their places.

use std::ops::Range;

use crate::beanstalk::procfile::Process;
use crate::check::words::{base, is_shell};

const SERVERS: [&str; 4] = ["gunicorn", "uvicorn", "daphne", "hypercorn"];

pub(super) struct Line<'a> {
    /// The file that it stands in.
    pub(super) path: &'static str,
    pub(super) words: Vec<(Range<usize>, &'a str)>,
}

impl<'a> Line<'a> {
    pub(super) fn of(process: &'a Process) -> Self {
        Self::split("Procfile", &process.command, process.command_span.start, char::is_whitespace)
    }

    /// What an image starts: the last `CMD` of a Dockerfile, in its list form or as a line.
    pub(super) fn of_image(dockerfile: &'a str) -> Option<Self> {
        let (mut start, mut found) = (0, None);
        for line in dockerfile.split_inclusive('\n') {
            let command = line.strip_prefix("CMD ").or_else(|| line.strip_prefix("ENTRYPOINT "));
            found = command.map(|command| (start + line.len() - command.len(), command)).or(found);
            start += line.len();
        }
        let (start, command) = found?;
        let between = |char: char| char.is_whitespace() || "[],\"".contains(char);
        Some(Self::split("Dockerfile", command, start, between))
    }

    fn split(path: &'static str, line: &'a str, start: usize, between: fn(char) -> bool) -> Self {
        let mut words = Vec::new();
        let mut from = None;
        for (index, char) in line.char_indices().chain([(line.len(), ' ')]) {
            match (between(char), from) {
                (true, Some(begin)) => {
                    words.push((start + begin..start + index, &line[begin..index]));
                    from = None;
                }
                (false, None) => from = Some(index),
                _ => {}
            }
        }
        Self { path, words }
    }

    /// The first word, without its folder.
    pub(super) fn program(&self) -> &'a str {
        self.words.first().map(|(_, word)| base(word)).unwrap_or_default()
    }

    /// The server that the line starts, unless a shell has more to say in it.
    pub(super) fn server(&self) -> Option<&'static str> {
        let shell = is_shell(self.program())
            || self.program() == "env"
            || self.words.iter().any(|(_, word)| matches!(*word, "&&" | ";" | "|"));
        let known = |word: &str| SERVERS.into_iter().find(|server| base(word) == *server);
        self.words.iter().find_map(|(_, word)| known(word)).filter(|_| !shell)
    }

    /// The value of the first of `flags` that is there, in any of the forms that argument parsers take.
    pub(super) fn value_of(&self, flags: &[&str]) -> Option<(Range<usize>, &'a str)> {
        self.words.iter().enumerate().find_map(|(index, (span, word))| {
            let flag = flags.iter().find(|flag| word.starts_with(**flag))?;
            match word[flag.len()..].strip_prefix('=') {
                Some(value) => Some((span.clone(), value)),
                None if word.len() == flag.len() => self.words.get(index + 1).cloned(),
                None if flag.len() == 2 => Some((span.clone(), &word[2..])),
                None => None,
            }
        })
    }
}
