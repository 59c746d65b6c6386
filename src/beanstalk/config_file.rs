//! `.ebextensions/*.config`: what each section says, and where it stands.
//!
//! Reading is lenient: what can be understood is kept, and what cannot becomes a [`Problem`]. Whether a problem matters is
//! for others to say.

mod reader;

use super::encoding;
use super::lines::Lines;
use super::yaml::{self, Kind, Node, Span};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

/// One `.config` file.
#[derive(Debug, Clone, Default)]
pub struct ConfigFile {
    pub path: String,
    /// Without a byte order mark.
    pub text: String,
    pub bom: bool,
    lines: Lines,
    pub root: Option<Node>,
    pub option_settings: Vec<OptionSetting>,
    pub packages: Vec<Package>,
    pub groups: Vec<Group>,
    pub users: Vec<User>,
    pub sources: Vec<Source>,
    pub files: Vec<File>,
    pub commands: Vec<Command>,
    pub services: Vec<Service>,
    pub container_commands: Vec<Command>,
    /// Logical name and definition of what goes to CloudFormation.
    pub resources: Vec<(Spanned<String>, Node)>,
    pub problems: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionSetting {
    pub namespace: Spanned<String>,
    pub name: Spanned<String>,
    pub value: Spanned<String>,
    /// What YAML 1.1 makes of the value, if it is not a string.
    pub kind: Kind,
    pub resource_name: Option<Spanned<String>>,
}

/// Where an option goes that names no namespace.
pub const DEFAULT_NAMESPACE: &str = "aws:elasticbeanstalk:application:environment";

/// Environment properties whose values are ARNs of secrets.
pub const SECRETS_NAMESPACE: &str = "aws:elasticbeanstalk:application:environmentsecrets";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub manager: Spanned<String>,
    pub name: Spanned<String>,
    pub versions: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: Spanned<String>,
    pub gid: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: Spanned<String>,
    pub uid: Option<String>,
    pub groups: Vec<String>,
    pub home: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub target: Spanned<String>,
    pub url: Spanned<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub path: Spanned<String>,
    pub mode: Option<Spanned<String>>,
    /// What YAML 1.1 makes of the mode.
    pub mode_kind: Option<Kind>,
    pub owner: Option<String>,
    pub group: Option<String>,
    pub content: Option<Spanned<String>>,
    pub source: Option<Spanned<String>>,
    pub base64: bool,
}

/// An entry of `commands` or of `container_commands`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub name: Spanned<String>,
    pub line: CommandLine,
    pub line_span: Span,
    pub cwd: Option<Spanned<String>>,
    pub env: Vec<(String, String)>,
    pub test: Option<CommandLine>,
    pub test_span: Option<Span>,
    pub ignore_errors: bool,
    pub leader_only: bool,
    /// The whole entry, with its key.
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum CommandLine {
    /// For `/bin/sh -c`
    Shell(String),
    /// One program and its arguments, no shell
    Program(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub manager: Spanned<String>,
    pub name: Spanned<String>,
    pub enabled: Option<bool>,
    pub ensure_running: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub span: Span,
    pub kind: ProblemKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// The file cannot be read as text.
    Encoding(encoding::Error),
    /// The file is not YAML or JSON.
    Syntax(yaml::Problem),
    /// The file is a list or a word.
    NotAMap { found: &'static str },
    /// Not one of the sections that there are: the whole file is skipped.
    UnknownSection { name: String },
    /// The same section twice: one of the two is dropped.
    DuplicateSection { name: String },
    /// The same key twice below `section`.
    DuplicateKey { section: String, name: String },
    /// The section, or an entry of it, is something else than it must be.
    Shape { section: &'static str, expected: &'static str, found: &'static str },
    /// An entry has a key that means nothing there.
    UnknownKey { section: &'static str, name: String, known: &'static [&'static str] },
    /// An entry has not what it must have.
    Missing { section: &'static str, key: &'static str },
    /// `NAME: value` directly below `option_settings`.
    NoNamespace { name: String },
}

impl ProblemKind {
    /// Is nothing known of what the file says?
    pub(crate) fn hides_all(&self) -> bool {
        matches!(self, Self::Encoding(_) | Self::Syntax(_) | Self::NotAMap { .. })
    }
}

pub const SECTIONS: &[&str] = &[
    "option_settings",
    "packages",
    "groups",
    "users",
    "sources",
    "files",
    "commands",
    "services",
    "container_commands",
    "Resources",
    "Parameters",
    "Outputs",
    "Mappings",
];

impl ConfigFile {
    pub fn parse(path: &str, bytes: &[u8]) -> Self {
        let mut file = Self { path: path.to_owned(), ..Self::default() };
        let decoded = match encoding::decode(bytes) {
            Ok(decoded) => decoded,
            Err(error) => {
                file.text = String::from_utf8_lossy(bytes).into_owned();
                file.problem(0..0, ProblemKind::Encoding(error));
                return file;
            }
        };
        file.text = decoded.text.to_owned();
        file.bom = decoded.bom;
        file.lines = Lines::of(&file.text);
        match yaml::parse(decoded.text) {
            Err(error) => file.problem(error.span, ProblemKind::Syntax(error.problem)),
            Ok(None) => {}
            Ok(Some(root)) => {
                file.read(&root);
                file.root = Some(root);
            }
        }
        file
    }

    /// The number of the line that something stands in, counted from 1.
    pub fn line(&self, span: &Span) -> usize {
        self.lines.number(span.start)
    }

    /// Does Elastic Beanstalk read anything of this file? A file with an unknown section is skipped as a whole.
    pub fn is_used(&self) -> bool {
        self.root.is_some()
            && !self.problems.iter().any(|problem| matches!(problem.kind, ProblemKind::UnknownSection { .. }))
    }

    /// What becomes of the file, and of whoever brings it.
    pub fn fate(&self) -> Fate<'_> {
        let rejects = |problem: &&Problem| match &problem.kind {
            ProblemKind::Encoding(_) | ProblemKind::Syntax(_) | ProblemKind::NotAMap { .. } => true,
            ProblemKind::Shape { section, .. } => *section == "option_settings",
            _ => false,
        };
        if let Some(problem) = self.problems.iter().find(rejects) {
            return Fate::Rejected { problem };
        }
        let unknown = self.problems.iter().find_map(|problem| match &problem.kind {
            ProblemKind::UnknownSection { name } => Some(name.as_str()),
            _ => None,
        });
        unknown.map_or(Fate::Read, |key| Fate::Skipped { key })
    }
}

/// What Elastic Beanstalk makes of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate<'a> {
    Read,
    /// The whole file is passed over, with a warning.
    Skipped {
        key: &'a str,
    },
    /// The version is not deployed.
    Rejected {
        problem: &'a Problem,
    },
}

#[cfg(test)]
mod tests;
