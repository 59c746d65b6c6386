//! Rules that leave a path out of a bundle or keep it in, each with its file and line.
//!
//! Three families of rules, and the first one with something to say decides: `[bundle] exclude`, then `.ebignore`, then
//! git's own (`.gitignore`, `info/exclude`), which holds for untracked files only. Within a family, the deeper file wins, and in one file the later line.
//! A folder that is left out is never entered, so nothing below it can come back.

use std::sync::Arc;

use serde::Serialize;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::bundle::error::{Problem, ProblemKind};

use super::bracket::Case;
use super::disk::path_of;
use super::pattern::Pattern;

/// One file of rules.
#[derive(Debug)]
pub(crate) struct RuleFile {
    /// How a message names it: relative to the project, or absolute if it lies elsewhere.
    name: String,
    /// Paths are relative to the project; a rule file below it looks only at what follows its own folder.
    skip: usize,
    /// A rule file above the project sees the project's folder in front of every path. Ends with a slash.
    above: String,
    case: Case,
    lines: Vec<(u32, Pattern)>,
    /// The lines that are left to the crate, first to last; none where all are simple.
    left: Vec<LeftLines>,
    /// Numbers of the lines that nothing here can obey.
    refused: Vec<u32>,
}

/// Lines that the crate obeys together.
#[derive(Debug)]
struct LeftLines {
    matcher: Gitignore,
    /// The place of the last one among all.
    last: usize,
}

impl LeftLines {
    /// Matchers of `lines`, each with its place among all. The crate takes so much in one matcher and no more: then there are
    /// two, and of a line that is too much alone the place comes back.
    fn of(lines: &[(usize, String)], all: &mut Vec<Self>) -> Vec<usize> {
        let Some((last, _)) = lines.last() else { return Vec::new() };
        let mut builder = GitignoreBuilder::new("");
        let added = lines.iter().all(|(index, line)| builder.add_line(Some(index.to_string().into()), line).is_ok());
        match builder.build() {
            Ok(matcher) if added => all.push(Self { matcher, last: *last }),
            _ if lines.len() == 1 => return vec![*last],
            _ => {
                let (first, second) = lines.split_at(lines.len() / 2);
                return [Self::of(first, all), Self::of(second, all)].concat();
            }
        }
        Vec::new()
    }

    fn find(&self, path: &[u8], is_directory: bool) -> Option<usize> {
        match self.matcher.matched(path_of(path), is_directory) {
            Match::None => None,
            Match::Ignore(glob) | Match::Whitelist(glob) => glob.from().and_then(|index| index.to_str()?.parse().ok()),
        }
    }
}

impl RuleFile {
    /// Rules that stand in the folder `dir` of the project: empty, or ending with a slash.
    pub(crate) fn inside(name: &str, dir: &str, text: &[u8], case: Case) -> Self {
        Self::parse(name, dir.len(), String::new(), text, case)
    }

    /// Rules that stand above the project, which is `above` (ending with a slash) from there.
    pub(crate) fn above(name: &str, above: String, text: &[u8], case: Case) -> Self {
        Self::parse(name, 0, above, text, case)
    }

    fn parse(name: &str, skip: usize, above: String, text: &[u8], case: Case) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let lines = text.split(|byte| *byte == b'\n').zip(1..);
        let lines: Vec<_> = lines.filter_map(|(line, number)| Some((number, Pattern::parse(line, case)?))).collect();
        let line = |(index, (_, pattern)): (usize, &(u32, Pattern))| Some((index, pattern.left_line()?));
        let left_lines: Vec<(usize, String)> = lines.iter().enumerate().filter_map(line).collect();
        let mut left = Vec::new();
        let mut refused = LeftLines::of(&left_lines, &mut left);
        refused.extend((0..lines.len()).filter(|index| lines[*index].1.is_refused()));
        let refused = refused.into_iter().map(|index| lines[index].0).collect();
        Self { name: name.to_owned(), skip, above, case, lines, left, refused }
    }

    /// Lines that no bundle obeys: whoever wrote one would miss it.
    pub(crate) fn problems(&self) -> impl Iterator<Item = Problem> {
        let problem = move |line: &u32| Problem { path: self.name.clone(), kind: ProblemKind::Pattern { line: *line } };
        self.refused.iter().map(problem)
    }

    /// The last line that matches.
    fn find(&self, path: &[u8], is_directory: bool) -> Option<Rule<'_>> {
        let index = self.find_index(path, is_directory)?;
        Some(Rule { file: self, index })
    }

    /// Is there a `!pattern` after the line at `index`?
    fn keeps_something_after(&self, index: usize) -> bool {
        self.lines[index + 1..].iter().any(|(_, pattern)| pattern.negated)
    }

    /// Where in the file the last line that matches is.
    pub(crate) fn find_index(&self, path: &[u8], is_directory: bool) -> Option<usize> {
        let whole;
        let subject = if self.above.is_empty() {
            &path[self.skip..]
        } else {
            whole = [self.above.as_bytes(), path].concat();
            &whole
        };
        let simple = self.lines.iter().rposition(|(_, pattern)| pattern.matches(subject, is_directory, self.case));
        let mut later = self.left.iter().rev().take_while(|left| simple.is_none_or(|found| found < left.last));
        simple.max(later.find_map(|left| left.find(subject, is_directory)))
    }

    pub(crate) fn rule(&self, index: usize) -> Rule<'_> {
        Rule { file: self, index }
    }
}

/// A line that decided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule<'a> {
    file: &'a RuleFile,
    index: usize,
}

impl Rule<'_> {
    pub(crate) fn keeps(self) -> bool {
        self.file.lines[self.index].1.negated
    }

    pub(crate) fn reason(self) -> Reason {
        let (line, pattern) = &self.file.lines[self.index];
        Reason::Rule { file: self.file.name.clone(), line: *line, pattern: pattern.text.clone() }
    }
}

/// Why a path is in or out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Reason {
    /// The name never ships.
    Never { name: String },
    /// A folder is a virtual environment.
    VirtualEnvironment,
    /// A line of a rule file.
    Rule { file: String, line: u32, pattern: String },
    /// git tracks it, and the rule of a `.gitignore` holds for untracked files only.
    Tracked { file: String, line: u32, pattern: String },
    /// `export-ignore` in `.gitattributes`.
    ExportIgnore,
    /// The EB CLI's own exceptions, in its mode.
    EbCli,
    /// The command's own output goes there.
    Output,
    /// No rule speaks of it.
    Default,
}

impl Reason {
    /// The same rule, about something that git tracks.
    pub(crate) fn of_tracked(self) -> Self {
        match self {
            Self::Rule { file, line, pattern } => Self::Tracked { file, line, pattern },
            other => other,
        }
    }

    pub(crate) fn is_tracked(&self) -> bool {
        matches!(self, Self::Tracked { .. })
    }
}

/// A path about which a rule had something to say; of what is left out, the topmost one only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Folders end with a slash.
    pub path: String,
    #[serde(flatten)]
    pub reason: Reason,
}

/// The rule files that hold in one folder. Folders without rule files share that of the folder above.
#[derive(Debug, Default)]
pub(crate) struct RuleStack {
    parent: Option<Arc<RuleStack>>,
    eb: Option<RuleFile>,
    git: Option<RuleFile>,
}

impl RuleStack {
    pub(crate) fn below(parent: &Arc<RuleStack>, eb: Option<RuleFile>, git: Option<RuleFile>) -> Arc<Self> {
        if eb.is_none() && git.is_none() {
            return Arc::clone(parent);
        }
        Arc::new(Self { parent: Some(Arc::clone(parent)), eb, git })
    }

    fn upward(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |level| level.parent.as_deref())
    }
}

/// Rules that hold everywhere in the project.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// `[bundle] exclude`.
    pub(crate) exclude: Option<RuleFile>,
    /// From the weakest to the strongest: global excludes, `info/exclude`, then `.gitignore` files above the project.
    pub(crate) outside: Vec<RuleFile>,
    /// In the EB CLI's mode, its only rule file, which may be empty.
    pub(crate) eb_cli: Option<EbCli>,
    /// How the repository compares letters.
    pub(crate) case: Case,
}

/// `.ebignore` as the EB CLI reads it: for each file, the last line that matches it or a folder above it decides, so a
/// file can come back from a folder that is out. No other rule file is read.
#[derive(Debug)]
pub(crate) struct EbCli {
    /// The `.ebignore` at the top, if there is one.
    pub(crate) file: Option<RuleFile>,
}

/// The line that holds in a folder because it was the last that matched one of the folders above it, in the EB CLI's mode.
pub(crate) type Inherited = Option<usize>;

impl EbCli {
    /// The reason why `path` is out, or the line that everything below it inherits.
    pub(crate) fn judge(&self, path: &[u8], is_directory: bool, inherited: Inherited) -> Result<Inherited, Reason> {
        let ignore_file = if self.file.is_some() { ".ebignore" } else { ".gitignore" };
        if !is_directory && (path == ignore_file.as_bytes() || path.ends_with(b"~")) {
            return Err(Reason::EbCli);
        }
        let Some(file) = &self.file else { return Ok(None) };
        let last = inherited.max(file.find_index(path, is_directory));
        let Some(index) = last else { return Ok(None) };
        let rule = file.rule(index);
        let may_keep = rule.keeps() || (is_directory && file.keeps_something_after(index));
        if may_keep { Ok(last) } else { Err(rule.reason()) }
    }
}

impl Rules {
    /// Lines in them that no bundle obeys.
    pub(crate) fn problems(&self) -> impl Iterator<Item = Problem> {
        let eb_cli = self.eb_cli.as_ref().and_then(|eb_cli| eb_cli.file.as_ref());
        self.exclude.iter().chain(&self.outside).chain(eb_cli).flat_map(RuleFile::problems)
    }

    /// The rule that decides about `path`, whose parents are all in.
    pub(crate) fn find<'a>(&'a self, level: &'a RuleStack, path: &[u8], is_directory: bool) -> Option<Rule<'a>> {
        self.find_own(level, path, is_directory).or_else(|| self.find_git(level, path, is_directory))
    }

    /// The rule of `[bundle] exclude` or of an `.ebignore`, which hold for tracked files as well.
    pub(crate) fn find_own<'a>(&'a self, level: &'a RuleStack, path: &[u8], is_directory: bool) -> Option<Rule<'a>> {
        let find = |file: &'a RuleFile| file.find(path, is_directory);
        let excluded = self.exclude.as_ref().and_then(find);
        excluded.or_else(|| level.upward().filter_map(|level| level.eb.as_ref()).find_map(find))
    }

    /// git's rule about `path`: that of a `.gitignore` or its like, which holds for untracked files only.
    pub(crate) fn find_git<'a>(&'a self, level: &'a RuleStack, path: &[u8], is_directory: bool) -> Option<Rule<'a>> {
        let find = |file: &'a RuleFile| file.find(path, is_directory);
        let git = level.upward().filter_map(|level| level.git.as_ref()).find_map(find);
        git.or_else(|| self.outside.iter().rev().find_map(find))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(rules: &Rules, level: &RuleStack, path: &str) -> String {
        let (path, is_directory) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
        rules
            .find(level, path.as_bytes(), is_directory)
            .map_or("-".to_owned(), |rule| format!("{}{}", if rule.keeps() { "in: " } else { "out: " }, rule.reason()))
    }

    #[test]
    fn the_strongest_family_decides() {
        let rules = Rules {
            exclude: Some(RuleFile::inside("beansprout.toml", "", b"secret.*", Case::Exact)),
            outside: vec![RuleFile::above("/up/.gitignore", "web/".to_owned(), b"/web/log\n", Case::Exact)],
            ..Rules::default()
        };
        let top = RuleStack::below(
            &Arc::default(),
            Some(RuleFile::inside(".ebignore", "", b"!static/\n!secret.txt", Case::Exact)),
            Some(RuleFile::inside(".gitignore", "", b"*.log\nstatic/\n", Case::Exact)),
        );
        let deep = RuleStack::below(
            &top,
            None,
            Some(RuleFile::inside("a/.gitignore", "a/", b"!keep.log\n/only\n", Case::Exact)),
        );
        let case = |path: &str, expected: &str| assert_eq!(reason(&rules, &deep, path), expected, "{path}");
        case("a/x.log", "out: `*.log` in `.gitignore`, line 1");
        case("a/keep.log", "in: `!keep.log` in `a/.gitignore`, line 1");
        case("a/only", "out: `/only` in `a/.gitignore`, line 2");
        case("a/b/only", "-");
        case("a/static/", "in: `!static/` in `.ebignore`, line 1");
        case("a/secret.txt", "out: `secret.*` in `beansprout.toml`, line 1");
        assert_eq!(reason(&rules, &top, "log"), "out: `/web/log` in `/up/.gitignore`, line 1");
    }

    #[test]
    fn the_eb_cli_lets_files_come_back() {
        let file = RuleFile::inside(".ebignore", "", b"node_modules/\n!node_modules/keep.js\n*.log\n", Case::Exact);
        let rules = EbCli { file: Some(file) };
        let inherited = rules.judge(b"node_modules", true, None).expect("something below may come back");
        assert!(rules.judge(b"node_modules/x.js", false, inherited).is_err());
        assert!(rules.judge(b"node_modules/keep.js", false, inherited).is_ok());
        assert!(rules.judge(b"a.log", false, None).is_err());
        assert!(rules.judge(b"logs.log", true, None).is_err(), "no line after it lets a file come back");
        assert!(rules.judge(b"a~", false, None).is_err());
        assert!(rules.judge(b".gitignore", false, None).is_ok());
        assert!(EbCli { file: None }.judge(b".gitignore", false, None).is_err());
    }
}
