//! Pythons: which the instances or the image have, as far as the files say it, and from which on something fails.

use super::on_instance;
use crate::beanstalk::platforms::{BRANCHES, Family};
use crate::beanstalk::requirements::Requirement;
use crate::beanstalk::version::Version;
use crate::check::finding::Finding;
use crate::check::subject::Subject;
use crate::level::Level;

/// The minor versions of the Pythons that the instances may have.
#[derive(Debug, Clone, Copy)]
pub(in crate::check::rules) struct Pythons {
    oldest: u32,
    newest: u32,
    /// Does a file name a branch that lives?
    named: bool,
    /// Is the branch that is named retired? Its environments go on, and have to move one day.
    retired: bool,
}

impl Pythons {
    pub(in crate::check::rules) fn of(subject: &Subject<'_>) -> Option<Self> {
        if !subject.python() {
            let inside = subject.inside()?;
            let (minor, named) = (inside.minor, !inside.is_newest);
            return Some(Self { oldest: minor, newest: minor, named, retired: false });
        }
        let branch = subject.customizations.platform.as_ref().and_then(|platform| platform.branch);
        if let Some(branch) = branch.filter(|branch| branch.retired.is_none()) {
            let minor = branch.python?.minor;
            return Some(Self { oldest: minor, newest: minor, named: true, retired: false });
        }
        // The newest of all is nobody's first choice, and packages take a while until they have wheels for it.
        const USUAL: u32 = 13;
        let living = || BRANCHES.iter().filter(|branch| branch.family == Family::Python && branch.retired.is_none());
        let minors = || living().filter_map(|branch| branch.python).map(|python| python.minor);
        Some(Self { oldest: minors().min()?, newest: USUAL, named: false, retired: branch.is_some() })
    }

    pub(super) fn all(self) -> std::ops::RangeInclusive<u32> {
        self.oldest..=self.newest
    }

    /// The first of them on which something fails: it does so on all that are newer.
    pub(in crate::check::rules) fn first(self, fails: impl Fn(u32) -> bool) -> Option<On> {
        (self.oldest..=self.newest).find(|minor| fails(*minor)).map(|minor| On { minor, pythons: self })
    }
}

/// Does a line count on all Pythons that the instances may have? Tools that write lists give each line a marker.
pub(super) fn counts(subject: &Subject<'_>, line: &Requirement) -> bool {
    if line.constraint || line.marker.is_none() {
        return !line.constraint;
    }
    let Some(pythons) = Pythons::of(subject) else { return false };
    let on = |minor: u32| line.holds(&|name| on_instance(name, Some(Version::new(3, minor)))) == Some(true);
    (pythons.oldest..=pythons.newest).all(on)
}

/// On which Pythons something fails.
#[derive(Debug, Clone, Copy)]
pub(in crate::check::rules) struct On {
    pub(super) minor: u32,
    pythons: Pythons,
}

impl On {
    /// The newest that the instances may have, where it is so as well.
    pub(super) fn newest(self) -> u32 {
        self.pythons.newest
    }

    /// Is it so on the oldest that new environments get, where none is named?
    pub(super) fn is_oldest(self) -> bool {
        !self.pythons.named && self.minor == self.pythons.oldest
    }

    /// Is it so on some of them only, since no file names one?
    fn is_part(self) -> bool {
        self.minor > self.pythons.oldest
    }

    /// An environment whose branch is retired goes on with what it has, and another may be made with an older Python.
    pub(in crate::check::rules) fn lower(self, finding: &mut Finding) {
        if self.is_part() {
            finding.level = Level::Note;
        } else if self.pythons.retired && finding.level == Level::Error {
            finding.level = Level::Warning;
        }
    }
}

impl std::fmt::Display for On {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let newer = if self.pythons.named { "" } else { " and newer" };
        write!(f, "Python 3.{}{newer}", self.minor)
    }
}
