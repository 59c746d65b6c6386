//! Newest: which version pip takes of what a line allows.

use super::installs::{Numbers, numbers};
use crate::beanstalk::requirements::Requirement;

/// The newest version that a line lets pip take, where it says one.
pub(super) struct Newest {
    pub(super) numbers: Numbers,
    /// As a sentence names it.
    pub(super) said: String,
    /// Is it one version, and no range that ends with it?
    pub(super) exact: bool,
}

impl Newest {
    pub(super) fn of(line: &Requirement) -> Option<Self> {
        if let Some(exact) = line.exact() {
            return Some(Self { numbers: numbers(exact)?, said: exact.to_owned(), exact: true });
        }
        let specifier = line.specifier.as_str();
        if let Some(end) = specifier.split(',').find_map(|clause| clause.strip_prefix('<')) {
            return Self::before(end);
        }
        // `~=8.3.1` and `==8.3.*` end before 8.4.
        let compatible = specifier.strip_prefix("~=").and_then(|version| version.trim().rsplit_once('.'));
        let series = specifier.strip_prefix("==").and_then(|version| version.trim().strip_suffix(".*"));
        let head = compatible.map(|(head, _)| head).or(series).filter(|head| !head.contains(','))?;
        let mut numbers: Numbers = head.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        numbers.resize(numbers.len().max(2) + 1, u32::MAX);
        Some(Self { numbers, said: format!("{head}.x"), exact: false })
    }

    /// The last before a version, which is not known by its name. `<=` counts as its version.
    fn before(end: &str) -> Option<Self> {
        if let Some(exact) = end.strip_prefix('=') {
            return Some(Self { numbers: numbers(exact)?, said: format!("up to {exact}"), exact: false });
        }
        let mut numbers: Numbers = end.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        *numbers.last_mut()? -= 1;
        numbers.resize(numbers.len().max(2) + 1, u32::MAX);
        Some(Self { numbers, said: format!("below {end}"), exact: false })
    }

    /// Where the line says no version, pip takes the newest.
    pub(super) fn any() -> Self {
        Self { numbers: vec![u32::MAX; 3], said: String::new(), exact: false }
    }

    /// The package in this version, as a sentence names it.
    pub(super) fn of_package(&self, name: &str) -> String {
        let blank = if self.said.is_empty() { "" } else { " " };
        format!("`{name}`{blank}{}", self.said)
    }

    /// The version that a line begins with, where it allows several.
    pub(super) fn oldest(line: &Requirement) -> Option<Numbers> {
        let specifier = line.specifier.as_str();
        let least = specifier.split(',').find_map(|clause| {
            let clause = clause.trim();
            let series = || clause.strip_prefix("==").and_then(|version| version.trim().strip_suffix(".*"));
            clause.strip_prefix(">=").or_else(|| clause.strip_prefix("~=")).or_else(series)
        })?;
        let mut numbers: Numbers = least.trim().split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        numbers.resize(numbers.len().max(3), 0);
        Some(numbers)
    }
}
