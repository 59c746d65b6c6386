//! Commands in what is said: each works as it stands, typed where the person stands who ran this. It has the folder that `-C`
//! named, and the options by which this run found AWS.
//!
//! Here alone printed commands are made. What others wrote (a file, a log, a message of AWS) stays as they wrote it.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::path::{Path, PathBuf};

use super::words::{quoted_path, unquoted};

/// What every printed command carries.
#[derive(Debug, Clone, Default)]
pub struct Carried {
    /// Options of AWS, as a shell takes them; empty where none were given.
    pub words: String,
    /// The verbs that take them.
    pub verbs: &'static [&'static str],
    /// Where the command acts, as it was typed.
    pub directory: Option<PathBuf>,
}

/// How a command of ours begins.
const PROGRAM: &str = "beansprout ";
/// How what is rewritten begins, between backticks: a command, the way to where one is typed, and the option that names it.
const SPANS: [&str; 3] = [PROGRAM, "cd ", "-C "];

impl Carried {
    /// The text, with what is carried in each command that is not in one of these quotes.
    pub fn told(&self, text: &str, quotes: &[&str]) -> String {
        if self.words.is_empty() && self.directory.is_none() {
            return text.to_owned();
        }
        let theirs: BTreeSet<&str> = quotes.iter().copied().filter(|quote| quote.contains('`')).collect();
        let next = |quote: &str, from: usize| text[from..].find(quote).map(|at| from + at);
        // Where each is next: the first on top, and of those the longest.
        let mut ahead: BinaryHeap<(Reverse<usize>, usize, &str)> =
            theirs.iter().filter_map(|quote| Some((Reverse(next(quote, 0)?), quote.len(), *quote))).collect();
        let (mut told, mut done) = (String::new(), 0);
        while let Some((Reverse(at), length, quote)) = ahead.pop() {
            if at >= done {
                told.push_str(&self.ours(&text[done..at]));
                told.push_str(quote);
                done = at + length;
            }
            ahead.extend(next(quote, done).map(|at| (Reverse(at), length, quote)));
        }
        told + &self.ours(&text[done..])
    }

    /// A command line that stands alone, such as `swap blue green --apply`, without the program's name.
    pub fn command(&self, line: &str) -> String {
        self.carrying(&format!("{PROGRAM}{line}"), true)
    }

    /// A path as whoever typed the folder types it.
    pub fn typed(&self, path: &Path) -> PathBuf {
        self.directory.as_ref().map_or_else(|| path.to_owned(), |directory| directory.join(path))
    }

    /// Words of ours, which may show a change of a file.
    fn ours(&self, text: &str) -> String {
        let mut in_diff = false;
        let line = |line: &str| {
            in_diff = line.starts_with("--- ") || in_diff && line.starts_with(['+', '-', '@', ' ', '\\']);
            if in_diff { line.to_owned() } else { self.line(line) }
        };
        text.split('\n').map(line).collect::<Vec<_>>().join("\n")
    }

    fn line(&self, text: &str) -> String {
        let (mut told, mut rest) = (String::new(), text);
        // Who goes there first types the rest there.
        let mut from_here = true;
        let begins = |rest: &str| {
            let mut ticks = rest.match_indices('`').map(|(at, _)| at + 1);
            ticks.find(|at| SPANS.iter().any(|begin| rest[*at..].starts_with(begin)))
        };
        while let Some(at) = begins(rest) {
            let (before, span) = rest.split_at(at);
            let Some(end) = span.find('`') else { break };
            told.push_str(before);
            let (span, after) = span.split_at(end);
            let moved = |path: &str| quoted_path(&self.typed(Path::new(&unquoted(path))));
            let typed = if let Some(path) = span.strip_prefix("cd ") {
                from_here = false;
                format!("cd {}", moved(path))
            } else if let Some(path) = span.strip_prefix("-C ") {
                format!("-C {}", moved(path))
            } else {
                self.carrying(span, from_here)
            };
            told.push_str(&typed);
            // The backtick that ends it begins nothing.
            told.push('`');
            rest = &after[1..];
        }
        told + rest
    }

    /// A command line, with what is carried. What has it already stays.
    fn carrying(&self, line: &str, from_here: bool) -> String {
        let Some(rest) = line.strip_prefix(PROGRAM) else { return line.to_owned() };
        let directory = self.directory.as_ref().map(|directory| format!("-C {} ", quoted_path(directory)));
        let directory = directory.unwrap_or_default();
        let rest = rest.strip_prefix(&directory).unwrap_or(rest);
        let begin = if from_here { format!("{PROGRAM}{directory}") } else { PROGRAM.to_owned() };
        let verb = rest.split(' ').next().unwrap_or_default();
        if self.words.is_empty() || !self.verbs.contains(&verb) || rest.contains(&self.words) {
            return begin + rest;
        }
        // What does it stays last.
        match rest.strip_suffix(" --apply") {
            Some(rest) => format!("{begin}{rest} {} --apply", self.words),
            None => format!("{begin}{rest} {}", self.words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(words: &str, directory: Option<&str>) -> Carried {
        Carried { words: words.to_owned(), verbs: &["wait", "swap"], directory: directory.map(PathBuf::from) }
    }

    #[track_caller]
    fn case(carried: &Carried, text: &str, told: &str) {
        assert_eq!(carried.told(text, &[]), told);
    }

    #[test]
    fn commands_carry_the_options_of_this_run() {
        let carried = carried("--profile mine --region eu-west-1", None);
        let twice = |text: &str, told: &str| {
            case(&carried, text, told);
            case(&carried, told, told);
        };
        twice(
            "`beansprout wait --env shop` watches it; `beansprout swap shop-blue shop-green --apply` is the way back",
            "`beansprout wait --env shop --profile mine --region eu-west-1` watches it; `beansprout swap shop-blue shop-green --profile mine --region eu-west-1 --apply` is the way back",
        );
        twice(
            "`beansprout check` finds it; `eb logs shop` has more",
            "`beansprout check` finds it; `eb logs shop` has more",
        );
        let open = format!("an open `{PROGRAM}wait");
        twice(&open, &open);
        assert_eq!(
            carried.command("swap a b --apply"),
            "beansprout swap a b --profile mine --region eu-west-1 --apply"
        );
        case(&Carried::default(), "`beansprout wait --env shop`", "`beansprout wait --env shop`");
    }

    #[test]
    fn commands_are_typed_where_the_person_stands() {
        let blank = carried("--sandbox", Some("../our shop"));
        let told = blank.command("swap a b --apply");
        assert_eq!(told, "beansprout -C '../our shop' swap a b --sandbox --apply");
        case(&blank, &format!("`{told}` does it"), &format!("`{told}` does it"));
        case(&blank, "`cd site`", "`cd '../our shop/site'`");
        let carried = carried("--sandbox", Some("../shop"));
        case(
            &carried,
            "`beansprout check` and `beansprout wait --env shop`",
            "`beansprout -C ../shop check` and `beansprout -C ../shop wait --env shop --sandbox`",
        );
        // Whoever goes there first is there.
        case(
            &carried,
            "next: `cd site`, then `beansprout up`\nor `beansprout new DIR`",
            "next: `cd ../shop/site`, then `beansprout up`\nor `beansprout -C ../shop new DIR`",
        );
        case(&carried, "`cd /srv/site`, or `-C app` looks there", "`cd /srv/site`, or `-C ../shop/app` looks there");
    }

    #[test]
    fn what_others_wrote_stays_as_they_wrote_it() {
        let carried = carried("--sandbox", Some("shop"));
        let theirs = "ran `beansprout wait --env shop`";
        assert_eq!(
            carried.told(&format!("log: {theirs}\n`beansprout check` helps, {theirs}"), &[theirs, "log"]),
            format!("log: {theirs}\n`beansprout -C shop check` helps, {theirs}")
        );
        let diff = "`beansprout check` tells why:\n--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-`beansprout up`\n+`beansprout wait`\nand `beansprout check`";
        let told = diff.replacen("beansprout check", "beansprout -C shop check", 2);
        assert_eq!(carried.told(diff, &[]), told);
    }
}
