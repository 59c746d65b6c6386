//! Rules over a project: what will go wrong on the instance, found before anything is deployed.
//!
//! [`run`] is pure. A rule is a function in `rules` and a section of a page under `docs/src/reference/rules`, which says what
//! the rule knows, with an example that fails and one that passes; [`catalogue`] reads the pages, and a test runs their
//! examples.

mod alternatives;
mod blocks;
pub mod catalogue;
pub(crate) mod django;
mod dockerfile;
pub mod finding;
mod fix;
mod folder;
mod images;
mod inside;
mod installed;
mod nginx;
mod rules;
mod sarif;
mod script;
mod subject;
mod suppress;
mod text_report;
mod variables;
mod words;

use std::convert::Infallible;

use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::tree::Tree;
use crate::environment::Description;
use crate::level::Level;
use crate::project::Suppression;

pub use finding::{Edit, Finding, Position, Suppressed};
pub use fix::{Change, changes};
use subject::Subject;

/// What the project says besides its files.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub suppress: Vec<Suppression>,
    pub packager: Packager,
    pub described: Described,
    pub work_tree: WorkTree,
}

/// Where the project stands in a work tree of git's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WorkTree {
    /// At its top, with `.git` in the same folder.
    #[default]
    Top,
    Below,
    /// In none, as a copy: what git tracks in spite of a `.gitignore` is not known.
    None,
}

/// Where releases go, as far as files describe it.
#[derive(Debug, Clone, Default)]
pub struct Described {
    pub environments: Vec<Description>,
    /// Files that are no descriptions, each with the reason.
    pub unread: Vec<(String, String)>,
}

/// Packager: who says what must not ship.
#[derive(Debug, Clone, Default)]
pub enum Packager {
    /// It was not asked: what the contents that are at hand show is said.
    #[default]
    NotAsked,
    /// It was asked, and said this of names and contents.
    Says(Vec<Remark>),
    /// It says so itself, when it packs.
    SaysLater,
}

/// The packager's word about a file that would ship, or a folder that does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub path: String,
    pub what: String,
    pub weight: Weight,
}

/// What the packager does about something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It refuses the bundle.
    Refused,
    /// It packs it, and warns.
    Warned,
    /// It leaves out a virtual environment that git has.
    Environment,
    /// It leaves out what git ignores.
    Ignored,
}

/// Everything that was found, in the order of paths and lines.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Report {
    pub findings: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    /// How many files were looked into.
    pub files: usize,
    #[serde(skip)]
    sources: std::collections::BTreeMap<String, String>,
}

/// The settings that production gets, and the folder that their modules are in: empty, or ending with a slash.
pub(crate) fn production(tree: &Tree) -> Option<(String, django::Settings)> {
    let customizations = Customizations::read(tree);
    Some((django::root(tree), django::Settings::read(tree, &customizations)?))
}

/// Check a tree against every rule.
pub fn run(tree: &Tree, settings: &Settings) -> Report {
    let Ok(report) = run_while(tree, settings, || Ok::<_, Infallible>(None));
    report
}

/// The same, while the packager looks at contents: what it says is asked for after all rules that do not need it.
pub fn run_while<E>(
    tree: &Tree,
    settings: &Settings,
    packager: impl FnOnce() -> Result<Option<Packager>, E>,
) -> Result<Report, E> {
    let customizations = Customizations::read(tree);
    let mut subject = Subject::new(tree, &customizations, settings.work_tree);
    rules::run(&mut subject);
    alternatives::weigh(&mut subject);
    rules::packager(&mut subject, packager()?.as_ref().unwrap_or(&settings.packager));
    rules::promotion(&mut subject, &settings.described);
    let (findings, texts) = subject.finish();
    let mut report = suppress::apply(findings, &texts, &settings.suppress);
    report.files = texts.len();
    let suppressed = report.suppressed.iter().map(|suppressed| &suppressed.finding);
    let named: std::collections::BTreeSet<&str> =
        report.findings.iter().chain(suppressed).map(|finding| finding.path.as_str()).collect();
    report.sources = texts.into_iter().filter(|(path, _)| named.contains(path.as_str())).collect();
    Ok(report)
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Is there nothing worse than a note?
    pub fn passes(&self) -> bool {
        !self.findings.iter().any(|finding| finding.level.fails())
    }

    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

impl crate::ui::Answer for Report {
    const SCHEMA: &str = "check/1";
}

#[cfg(test)]
mod hostile;
