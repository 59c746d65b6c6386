//! Tables that scripts write: by `echo`, here-documents and copies, into the folders of cron or through `crontab`.

use std::borrow::Cow;
use std::ops::Range;

use crate::check::script::{self, Script};
use crate::check::subject::Subject;
use crate::check::variables::fill;
use crate::check::words::{Run, Word, base};

/// Lines for cron, and where they stand.
pub(super) struct Table<'t> {
    /// The file of the bundle that has them.
    pub(super) path: &'t str,
    /// The part of it in which each is looked for, and where that begins.
    pub(super) text: &'t str,
    pub(super) start: usize,
    /// As cron gets them.
    pub(super) content: Cow<'t, str>,
    /// Where the whole is meant, or a line that is put together.
    pub(super) whole: Range<usize>,
    /// Is there a user between time and command?
    pub(super) has_users: bool,
}

/// The script behind a path that cron calls: of the bundle, of `files`, or what a script copies there.
pub(super) fn called<'t>(subject: &Subject<'t>, path: &str) -> Option<(&'t str, &'t str, usize)> {
    let file = |path: &str| script::script_file(subject.tree, subject.customizations, path);
    let copied = || {
        subject.scripts().iter().find_map(|script| {
            let values = variables(script.text);
            script.host_runs().filter(|run| is_copy(run)).find_map(|run| {
                let words: Vec<String> = run.plain().map(|word| expand(&word.text, &values)).collect();
                let (to, from) = words.split_last()?;
                let lands =
                    |from: &&String| *to == path || format!("{}/{}", to.trim_end_matches('/'), base(from)) == path;
                file(from.iter().find(lands)?)
            })
        })
    };
    file(path).or_else(copied)
}

/// Is this path a table of cron's, and does it have users?
pub(super) fn is_table(path: &str) -> Option<bool> {
    match path {
        "/etc/crontab" => Some(true),
        _ if path.starts_with("/etc/cron.d/") => Some(true),
        _ if path.starts_with("/var/spool/cron/") => Some(false),
        _ => None,
    }
}

/// What a script writes for cron.
#[derive(Default)]
pub(super) struct Written<'t> {
    /// As far as their lines are known.
    pub(super) tables: Vec<Table<'t>>,
    /// The line of the script that does it.
    pub(super) line: Option<Range<usize>>,
    /// What is added again with each deployment.
    pub(super) again: Option<Range<usize>>,
}

impl<'t> Written<'t> {
    pub(super) fn by(subject: &Subject<'t>, script: &Script<'t>) -> Self {
        let writer = Writer { script, values: variables(script.text) };
        let mut tables = writer.said();
        tables.extend(writer.documents());
        tables.extend(writer.copied(subject));
        let own = || tables.iter().find(|table| table.path == script.path);
        let line = script.host_runs().find(|run| writer.writes(run).is_some());
        let line = line.and_then(|run| script.find(&[script.line_of(run).trim()]));
        let line = line.or_else(|| own().map(|table| table.whole.clone()));
        Self { again: writer.adds(subject), tables, line }
    }
}

struct Writer<'s, 't> {
    script: &'s Script<'t>,
    /// Variables of the script that are given a plain value.
    values: Vec<(&'t str, &'t str)>,
}

impl<'t> Writer<'_, 't> {
    fn expand(&self, text: &str) -> String {
        expand(text, &self.values)
    }

    /// Does a run write a table, and does that have users?
    fn writes(&self, run: &Run) -> Option<bool> {
        let table = |word: &Word| is_table(&self.expand(&word.text));
        run.writes.iter().find_map(table).or_else(|| match run.name() {
            "crontab" => (reads_input(run) || crontab_file(run).is_some()).then_some(false),
            "tee" => run.plain().find_map(table),
            _ if is_copy(run) => table(run.plain().last()?),
            _ => None,
        })
    }

    /// Where the output of a run ends: in a table with users, in one without, or in none.
    fn target(&self, run: &Run) -> Option<bool> {
        let tee = run.plain().next().filter(|_| run.name() == "tee");
        match run.writes.first().or(tee) {
            _ if run.name() == "crontab" => self.writes(run),
            Some(to) => self.goes_to(&self.expand(&to.text)),
            None => {
                let line = self.script.line_of(run);
                let piped = || self.script.host_runs().filter(|other| other.piped);
                let mut here = piped().filter(|other| self.script.line_of(other) == line);
                // `( …` over several lines.
                here.find_map(|run| self.writes(run)).or_else(|| piped().find(|run| reads_input(run)).map(|_| false))
            }
        }
    }

    /// What becomes of a file that the script writes.
    fn goes_to(&self, path: &str) -> Option<bool> {
        let given = |run: &Run| run.plain().any(|word| self.expand(&word.text) == path);
        let copied = || {
            let mut copies = self.script.host_runs().filter(|run| is_copy(run) && given(run));
            copies.find_map(|run| is_table(&self.expand(&run.plain().last()?.text)))
        };
        let by_crontab = || self.script.host_runs().any(|run| run.name() == "crontab" && given(run)).then_some(false);
        is_table(path).or_else(copied).or_else(by_crontab)
    }

    fn table(&self, content: String, span: Range<usize>, has_users: bool) -> Option<Table<'t>> {
        let (script, start) = (self.script, span.start.checked_sub(self.script.start)?);
        let text = script.text.get(start..span.end.checked_sub(script.start)?)?;
        content_is_scheduled(&content).then(|| Table {
            path: script.path,
            text,
            start: span.start,
            content: content.into(),
            whole: span,
            has_users,
        })
    }

    /// `echo "0 3 * * * root …" > /etc/cron.d/x`, `(crontab -l; echo …) | crontab -`.
    fn said(&self) -> Vec<Table<'t>> {
        let speaks = |run: &&Run| matches!(run.name(), "echo" | "printf");
        let table = |run: &Run| {
            let words: Vec<&Word> = run.arguments.iter().skip_while(|word| word.text.starts_with('-')).collect();
            let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            let mut content = self.expand(&text).replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\"");
            if run.name() == "echo" {
                content.push('\n');
            }
            let span = words.first()?.span.start..words.last()?.span.end;
            self.table(content, span, self.target(run)?)
        };
        self.script.host_runs().filter(speaks).filter_map(table).collect()
    }

    /// `cat > /etc/cron.d/x <<END`.
    fn documents(&self) -> Vec<Table<'t>> {
        let script = self.script;
        let mut found = Vec::new();
        let mut at = 0;
        while let Some((line, from)) = line_at(script.text, at) {
            at = from;
            let Some(end) = document(line) else { continue };
            let mut to = from;
            while let Some((line, next)) = line_at(script.text, to).filter(|(line, _)| line.trim() != end) {
                debug_assert!(next > to, "a line has a length: {line}");
                to = next;
            }
            let here = from - line.len()..from;
            let run = script.host_runs().find(|run| {
                here.contains(&run.program.span.start.saturating_sub(script.start))
                    && matches!(run.name(), "cat" | "tee" | "crontab")
            });
            let has_users = run.and_then(|run| self.target(run));
            let content = self.expand(&script.text[from..to]);
            found
                .extend(has_users.and_then(|users| self.table(content, from + script.start..to + script.start, users)));
            at = to;
        }
        found
    }

    /// `crontab FILE`, `cat FILE | crontab -`, `cp FILE /etc/cron.d/`: a file of the bundle, or of `files`.
    fn copied(&self, subject: &Subject<'t>) -> Vec<Table<'t>> {
        let table = |run: &Run| {
            let (file, has_users) = match run.name() {
                "crontab" => (crontab_file(run)?, false),
                "cat" => (run.plain().next()?, self.target(run)?),
                _ if is_copy(run) => (run.plain().next()?, is_table(&self.expand(&run.plain().last()?.text))?),
                _ => return None,
            };
            let (path, text, start) = script::any_file(subject.tree, subject.customizations, &self.expand(&file.text))?;
            // In a `.config` file the text ends where YAML says.
            let content = if start == 0 { text.into() } else { format!("{text}\n").into() };
            let table = Table { path, text, start, content, whole: start..start + text.len(), has_users };
            content_is_scheduled(&table.content).then_some(table)
        };
        self.script.host_runs().filter_map(table).collect()
    }

    /// `>> /etc/cron.d/x` and `(crontab -l; …) | crontab -`, where nothing takes the old line away.
    fn adds(&self, subject: &Subject<'_>) -> Option<Range<usize>> {
        const CLEANS: [&str; 8] = ["rm ", "grep", "sed ", "uniq", "sort -u", "crontab -r", "if [", "test "];
        let script = self.script;
        if CLEANS.iter().any(|word| script.text.contains(word)) {
            return None;
        }
        let before = |word: &Word| script.text.get(..word.span.start.checked_sub(script.start)?);
        let appends =
            |word: &Word| before(word).is_some_and(|text| text.trim_end_matches([' ', '"', '\'']).ends_with(">>"));
        // What is written anew with each deployment begins empty.
        let is_new = |path: &str| {
            let by_files =
                subject.customizations.used().any(|file| file.files.iter().any(|entry| entry.path.value == path));
            let by_scripts = subject.scripts().iter().any(|other| {
                let removed = other.text.contains("rm ") && other.text.contains(path);
                removed
                    || other
                        .host_runs()
                        .flat_map(|run| &run.writes)
                        .any(|word| word.text == path && other.path == script.path && !appends(word))
            });
            by_files || by_scripts
        };
        let mut writes = script.host_runs().flat_map(|run| &run.writes);
        let added = writes.find(|word| {
            let path = self.expand(&word.text);
            appends(word) && is_table(&path).is_some() && !is_new(&path)
        });
        let listed = || {
            let lists = script.host_runs().find(|run| run.name() == "crontab" && run.has("-l"))?;
            script.host_runs().any(|run| run.piped && reads_input(run)).then(|| lists.span())
        };
        added.map(|word| word.span.clone()).or_else(listed)
    }
}

/// What `crontab` is given beside its options and the name of a user.
fn crontab_words(run: &Run) -> impl Iterator<Item = &Word> {
    let user = run.arguments.iter().position(|word| word.text == "-u").map(|at| at + 1);
    run.arguments
        .iter()
        .enumerate()
        .filter(move |(at, word)| Some(*at) != user && word.text != "-u")
        .map(|(_, word)| word)
}

/// Does `crontab` take a table from its input? Listing, editing and removing one do not.
fn reads_input(run: &Run) -> bool {
    run.name() == "crontab" && crontab_words(run).all(|word| word.text == "-")
}

/// The file that `crontab` takes a table from.
fn crontab_file(run: &Run) -> Option<&Word> {
    crontab_words(run).next().filter(|word| run.name() == "crontab" && !word.text.starts_with('-'))
}

fn is_copy(run: &Run) -> bool {
    matches!(run.name(), "cp" | "mv" | "ln" | "install" | "rsync")
}

/// The line that begins here, with its end, and where the next one begins.
fn line_at(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
    let end = at + rest.find('\n').map_or(rest.len(), |newline| newline + 1);
    Some((&text[at..end], end))
}

/// The word that ends the here-document which this line begins.
fn document(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("<<").filter(|(_, rest)| !rest.starts_with('<'))?;
    let word = rest.trim_start_matches('-').trim_start();
    let end = word.find(|char: char| char.is_whitespace() || matches!(char, ';' | '|' | '>' | '&'));
    Some(word[..end.unwrap_or(word.len())].trim_matches(['\'', '"', '\\'])).filter(|word| !word.is_empty())
}

fn content_is_scheduled(content: &str) -> bool {
    content.lines().any(|line| is_scheduled(line.trim()))
}

/// Does a line begin as those of cron's tables do: with five fields for the time, or `@daily`?
fn is_scheduled(line: &str) -> bool {
    const NAMES: [&str; 8] =
        ["@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    let fields: Vec<&str> = line.split_whitespace().take(6).collect();
    let time = |field: &&str| {
        let shape = field.chars().all(|char| char.is_ascii_alphanumeric() || "*/,-".contains(char));
        shape && field.starts_with(|char: char| char == '*' || char.is_ascii_digit())
    };
    let days = |field: &&str| time(field) || field.len() == 3 || field.contains(['-', ',']);
    fields.first().is_some_and(|first| NAMES.contains(first))
        || (fields.len() == 6 && fields[..3].iter().all(time) && fields[3..5].iter().all(days))
}

/// Variables of a script that are given a plain value.
fn variables(text: &str) -> Vec<(&str, &str)> {
    let assigned = text.lines().filter_map(|line| line.trim().split_once('='));
    let named = |name: &str| !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    assigned.filter(|(name, _)| named(name)).map(|(name, value)| (name, value.trim_matches(['"', '\'']))).collect()
}

/// A line with the variables that are known.
fn expand(line: &str, values: &[(&str, &str)]) -> String {
    let mut line = line.to_owned();
    // A value may name another variable.
    for _ in 0..3 {
        line = fill(&line, |name| values.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| *value));
    }
    line
}
