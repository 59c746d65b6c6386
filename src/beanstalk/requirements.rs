//! Requirements: what Elastic Beanstalk installs on the Python platform, each line with its place.
//!
//! `requirements.txt`, else `Pipfile.lock`, else `Pipfile` (Developer Guide, "Specifying dependencies using a requirements
//! file"). Files that it includes with `-r` and `-c` are followed within the project. What cannot be read is told, so that
//! nobody takes it for nothing.

mod compiled;
mod line;
mod locks;
mod pipenv;
mod pyproject;

use std::collections::BTreeSet;
use std::ops::Range;

use super::encoding;
use super::lines::Lines;
use super::marker::Marker;
use super::version::Version;
use crate::known::Known;
use crate::package_name::normal;
use crate::secret::without_credentials;

pub use compiled::Compiled;
pub(crate) use line::logical;
pub(crate) use locks::LockedList;
pub use pipenv::PipenvSource;
pub use pyproject::{Pyproject, dependencies};

/// The file that pip reads.
pub const FILE: &str = "requirements.txt";

/// Where the instance takes its packages from: the first of these that is at the top of the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Requirements,
    PipfileLock,
    Pipfile,
}

impl Source {
    pub const ALL: [Self; 3] = [Self::Requirements, Self::PipfileLock, Self::Pipfile];

    pub fn file(self) -> &'static str {
        match self {
            Self::Requirements => FILE,
            Self::PipfileLock => "Pipfile.lock",
            Self::Pipfile => "Pipfile",
        }
    }

    pub fn command(self) -> &'static str {
        match self {
            Self::Requirements => "pip install -r requirements.txt",
            Self::PipfileLock => "pipenv sync",
            Self::Pipfile => "pipenv install --skip-lock",
        }
    }
}

/// One package that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// In pip's spelling: lower case, `-` for `_` and `.`. Empty where a URL or a folder has no name.
    pub name: String,
    pub extras: Vec<String>,
    /// Such as `==4.2.11` or `>=5,<6`.
    pub specifier: String,
    /// What stands after `;`: the line counts only where that is true.
    pub marker: Option<String>,
    /// Is it installed from a folder or repository that is kept (`-e`)?
    pub editable: bool,
    /// From `-c`: no package is asked for, but if one is, then in this version.
    pub constraint: bool,
    /// Digests of the files that may be installed, such as `sha256:0123…`; none if any may.
    pub hashes: Vec<String>,
    /// The line, without comment and hashes.
    pub text: String,
    pub path: String,
    pub span: Range<usize>,
    /// Counted from 1.
    pub line: usize,
}

impl Requirement {
    /// Is it a folder, a repository or an address? What it installs, and in which version, nobody sees.
    pub fn is_opaque(&self) -> bool {
        self.name.is_empty() || self.editable || self.text.contains("://") || self.text.contains(" @ ")
    }

    /// The version, where exactly one is asked for.
    pub fn pinned(&self) -> Option<Version> {
        let exact = self.specifier.strip_prefix("==").or_else(|| self.specifier.strip_prefix("~="))?;
        Version::first(exact)
    }

    /// The end of the range that is asked for: every version of the package is older than this one.
    fn below(&self) -> Option<Version> {
        self.specifier.split(',').find_map(|part| {
            let (end, including) = match part.strip_prefix("<=") {
                Some(end) => (end, true),
                None => (part.strip_prefix('<')?, false),
            };
            let version = Version::first(end)?;
            let patched = end.split('.').skip(2).any(|number| number.parse() != Ok(0));
            Some(if including || patched { Version::new(version.major, version.minor + 1) } else { version })
        })
    }

    /// Does the line count where variables of markers have these values? `None`: nobody can decide.
    pub fn holds(&self, value: &dyn Fn(&str) -> Option<String>) -> Option<bool> {
        let Some(text) = &self.marker else { return Some(true) };
        Marker::parse(text)?.holds::<&str>(value, &[])
    }

    /// The whole version that is pinned, such as `4.2.11`.
    pub fn exact(&self) -> Option<&str> {
        let version = self.specifier.trim_start_matches("===").trim_start_matches("==").trim();
        (self.specifier.starts_with("==") && !version.contains([',', '*'])).then_some(version)
    }
}

/// An option of pip's in a requirements file, such as `--index-url URL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipOption {
    /// In its long form.
    pub name: String,
    pub value: String,
    pub path: String,
    pub span: Range<usize>,
}

/// A place where the reading ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Where it is asked for.
    pub path: String,
    pub span: Range<usize>,
    /// What it is: a file's path, or an address without its credentials.
    pub what: String,
    /// Why, as the end of a sentence.
    pub why: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirements {
    pub source: Option<Source>,
    pub lines: Vec<Requirement>,
    pub options: Vec<PipOption>,
    pub unread: Vec<Unread>,
    /// Every file that took part.
    pub files: Vec<String>,
}

impl Requirements {
    /// What the instance installs; `read` gives the content of a file at the top of the project or below.
    pub fn read<'a>(read: &dyn Fn(&str) -> Known<&'a [u8]>) -> Self {
        let source = Source::ALL.into_iter().find(|source| !read(source.file()).is_no());
        let mut found = match source {
            Some(Source::Requirements) => Self::of_file(FILE, read),
            Some(source) => Self::of_source(source, read),
            None => Self::default(),
        };
        found.source = source;
        found
    }

    /// What a text asks for by itself, such as the lines of `pyproject.toml`: nothing beside it is read.
    pub fn of_text(text: &str, path: &str) -> Self {
        let itself = |asked: &str| if asked == path { Known::Yes(text.as_bytes()) } else { Known::No };
        Self::of_file(path, &itself)
    }

    /// What a file of pip's asks for, and what it includes.
    pub fn of_file<'a>(path: &str, read: &dyn Fn(&str) -> Known<&'a [u8]>) -> Self {
        let mut follow = Follow { read, found: Self::default(), seen: BTreeSet::new() };
        follow.file(path, &Asked { path, span: 0..0 }, false, 0);
        follow.found
    }

    /// What one of the three asks for.
    pub fn of_source<'a>(source: Source, read: &dyn Fn(&str) -> Known<&'a [u8]>) -> Self {
        let path = source.file();
        if source == Source::Requirements {
            return Self::of_file(path, read);
        }
        let mut found = Self { files: vec![path.to_owned()], ..Self::default() };
        let content = match read(path) {
            Known::Yes(content) => content,
            Known::No => return found,
            Known::Unknown(why) => {
                found.unread.push(Unread { path: path.to_owned(), span: 0..0, what: path.to_owned(), why });
                return found;
            }
        };
        let lines = match source {
            Source::PipfileLock => pipenv::lock(content),
            _ => pipenv::pipfile(content),
        };
        match lines {
            Ok(lines) => found.lines = lines,
            Err(why) => found.unread.push(Unread { path: path.to_owned(), span: 0..0, what: path.to_owned(), why }),
        }
        found
    }

    /// Is this package asked for?
    pub fn get(&self, name: &str) -> Known<&Requirement> {
        let wanted = normal(name);
        let found = self.lines.iter().filter(|line| !line.constraint).rfind(|line| line.name == wanted);
        match (found, self.unread.first()) {
            (Some(found), _) => Known::Yes(found),
            (None, Some(unread)) => Known::unknown(format!("`{}` could not be read: {}", unread.what, unread.why)),
            (None, None) => Known::No,
        }
    }

    /// What an option of this name says, in the order of the lines.
    pub fn option(&self, name: &str) -> impl Iterator<Item = &PipOption> {
        self.options.iter().filter(move |option| option.name == name)
    }

    /// The release of Django that pip takes: the one that is pinned, else the last before the end of a range.
    pub fn django(&self) -> Option<Version> {
        const RELEASES: [(u32, u32); 15] = [
            (1, 11),
            (2, 0),
            (2, 1),
            (2, 2),
            (3, 0),
            (3, 1),
            (3, 2),
            (4, 0),
            (4, 1),
            (4, 2),
            (5, 0),
            (5, 1),
            (5, 2),
            (6, 0),
            (6, 1),
        ];
        let newest = |below: Version| {
            let releases = RELEASES.into_iter().map(|(major, minor)| Version::new(major, minor));
            // Nobody knows yet what comes after the last.
            releases.clone().any(|release| release >= below).then(|| releases.rev().find(|release| *release < below))?
        };
        self.version("django").or_else(|| {
            let mut ends = self.lines.iter().filter(|line| line.name == "django");
            ends.find_map(Requirement::below).and_then(newest)
        })
    }

    /// The version of a package: where it is pinned, or constrained to one.
    pub fn version(&self, name: &str) -> Option<Version> {
        let wanted = normal(name);
        let mut lines = self.lines.iter().filter(|line| line.name == wanted);
        lines.find_map(Requirement::pinned)
    }
}

struct Asked<'a> {
    path: &'a str,
    span: Range<usize>,
}

struct Follow<'a, 'b> {
    read: &'b dyn Fn(&str) -> Known<&'a [u8]>,
    found: Requirements,
    seen: BTreeSet<String>,
}

impl Follow<'_, '_> {
    fn file(&mut self, path: &str, asked: &Asked<'_>, constraint: bool, depth: usize) {
        const MOST_FILES: usize = 40;
        const DEEPEST: usize = 10;
        if depth > DEEPEST || self.seen.len() >= MOST_FILES {
            return self.unread(asked, path, "too many files include each other".to_owned());
        }
        if !self.seen.insert(path.to_owned()) {
            return;
        }
        let content = match (self.read)(path) {
            Known::Yes(content) => content,
            Known::No => return self.unread(asked, path, "there is no such file".to_owned()),
            Known::Unknown(why) => return self.unread(asked, path, why),
        };
        let Some(text) = encoding::pip(content) else {
            return self.unread(asked, path, "it is not UTF-8 text".to_owned());
        };
        self.found.files.push(path.to_owned());
        let numbers = Lines::of(&text);
        for (span, words) in line::logical(&text) {
            match line::Line::of(&words) {
                line::Line::Option { name, value } => {
                    self.found.options.push(PipOption { name, value, path: path.to_owned(), span });
                }
                line::Line::Include { path: other, constraint: more } => {
                    let asked = Asked { path, span: span.clone() };
                    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                    match beside(folder, &other) {
                        _ if other.contains("://") => {
                            self.unread(&asked, &other, "it is on another machine".to_owned())
                        }
                        Some(next) => self.file(&next, &asked, constraint || more, depth + 1),
                        None => self.unread(&asked, &other, "it is outside of the project".to_owned()),
                    }
                }
                line::Line::Package(requirement) => {
                    let line = numbers.number(span.start);
                    self.found.lines.push(Requirement { constraint, path: path.to_owned(), line, span, ..requirement });
                }
            }
        }
    }

    fn unread(&mut self, asked: &Asked<'_>, what: &str, why: String) {
        let (path, span) = (asked.path.to_owned(), asked.span.clone());
        // It is told to everybody who asks, and may be the address of a private index.
        self.found.unread.push(Unread { path, span, what: without_credentials(what), why });
    }
}

/// `folder/other` without `.` and `..`; `None` outside of the project.
pub fn beside(folder: &str, other: &str) -> Option<String> {
    if other.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in other.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests;
