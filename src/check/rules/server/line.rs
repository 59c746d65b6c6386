//! The command line of a server, as words with their places.

use std::ops::Range;

use crate::check::script::Script;
use crate::check::words::{Run, base, is_shell};

const SERVERS: [&str; 5] = ["gunicorn", "uvicorn", "daphne", "hypercorn", "waitress-serve"];

/// Options of servers that have no value of their own.
const ALONE: &[&str] = &[
    "--preload",
    "--reload",
    "--daemon",
    "--check-config",
    "--print-config",
    "--capture-output",
    "--no-sendfile",
    "--enable-stdio-inheritance",
    "--proxy-headers",
    "--no-proxy-headers",
    "--no-access-log",
    "--no-server-header",
    "--factory",
    "--call",
    "--proxy-protocol",
    "--http2",
    "-D",
    "-R",
];

pub(super) struct Line<'a> {
    /// The file that it stands in.
    pub(super) path: &'a str,
    pub(super) words: Vec<(Range<usize>, &'a str)>,
    /// Where the shell went before.
    pub(super) folders: Vec<&'a str>,
}

impl<'a> Line<'a> {
    /// The server that the web process starts, by itself or in a script of the bundle.
    pub(super) fn of_web(scripts: &'a [Script<'a>]) -> Option<Self> {
        scripts.iter().filter(|script| script.is_web()).find_map(|script| {
            let served = |run: &&Run| words(run).any(|(_, word)| is_server(word));
            let run = script.host_runs().filter(|run| !is_shell(run.name())).filter(served).last()?;
            let words = words(run).skip_while(|(_, word)| !is_server(word)).collect();
            let before = script.host_runs().filter(|other| other.span().end <= run.span().start);
            let folders = before
                .filter(|run| matches!(run.name(), "cd" | "pushd"))
                .filter_map(|run| run.plain().next().map(|word| word.text.as_str()));
            Some(Self { path: script.path, words, folders: folders.collect() })
        })
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

    fn split(path: &'a str, line: &'a str, start: usize, between: fn(char) -> bool) -> Self {
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
        Self { path, words, folders: Vec::new() }
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

    /// The words that are neither an option nor the value of one.
    pub(super) fn operands(&self) -> impl Iterator<Item = (Range<usize>, &'a str)> {
        let taken = |index: usize| {
            let (_, before) = self.words[index - 1];
            before.starts_with('-') && !before.contains('=') && !ALONE.contains(&before)
        };
        let words = self.words.iter().enumerate().skip(1);
        words.filter(move |(index, (_, word))| !word.starts_with('-') && !taken(*index)).map(|(_, word)| word.clone())
    }

    /// The values of `flags`, in the order of the line.
    pub(super) fn values_of(&self, flags: &[&str]) -> Vec<(Range<usize>, &'a str)> {
        (0..self.words.len()).filter_map(|index| self.value_at(index, flags)).collect()
    }

    /// The value of the first of `flags` that is there, in any of the forms that argument parsers take.
    pub(super) fn value_of(&self, flags: &[&str]) -> Option<(Range<usize>, &'a str)> {
        (0..self.words.len()).find_map(|index| self.value_at(index, flags))
    }

    fn value_at(&self, index: usize, flags: &[&str]) -> Option<(Range<usize>, &'a str)> {
        let (span, word) = &self.words[index];
        let flag = flags.iter().find(|flag| word.starts_with(**flag))?;
        match word[flag.len()..].strip_prefix('=') {
            Some(value) => Some((span.clone(), value)),
            None if word.len() == flag.len() => self.words.get(index + 1).cloned(),
            None if flag.len() == 2 => Some((span.clone(), &word[2..])),
            None => None,
        }
    }
}

fn is_server(word: &str) -> bool {
    SERVERS.contains(&base(word))
}

fn words(run: &Run) -> impl Iterator<Item = (Range<usize>, &str)> {
    std::iter::once(&run.program).chain(&run.arguments).map(|word| (word.span.clone(), word.text.as_str()))
}
