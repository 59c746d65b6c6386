//! Entry paths and modes.

use std::fmt;
use std::path::Path;

use serde::Serialize;

/// A path inside a bundle: relative, `/`-separated, UTF-8, without `.`, `..`, backslash or control characters, because no
/// other can be built.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct EntryPath(Box<str>);

/// Why a name cannot be in a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BadName {
    Empty,
    Absolute,
    /// An empty component, `.` or `..`.
    Component,
    Backslash,
    Control,
    NotUtf8,
    TooLong,
}

/// Linux allows 4095 bytes, and `/var/app/staging/` stands in front on the instance.
const LONGEST: usize = 4000;

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "has no name",
            Self::Absolute => "is an absolute path",
            Self::Component => "has an empty component, `.` or `..` in its path",
            Self::Backslash => "has a backslash in its name, which makes unzip fail on the instance",
            Self::Control => "has a control character in its name",
            Self::NotUtf8 => "has a name that is not UTF-8",
            Self::TooLong => "has a path of more than 4000 bytes",
        })
    }
}

impl EntryPath {
    pub fn new(path: impl Into<Box<str>>) -> Result<Self, BadName> {
        let path = path.into();
        if path.is_empty() {
            return Err(BadName::Empty);
        }
        if path.len() > LONGEST {
            return Err(BadName::TooLong);
        }
        if path.starts_with('/') {
            return Err(BadName::Absolute);
        }
        if path.contains('\\') {
            return Err(BadName::Backslash);
        }
        // Nearly every name is plain ASCII, where one look at the bytes will do.
        let plain = path.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !plain && path.chars().any(char::is_control) {
            return Err(BadName::Control);
        }
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(BadName::Component);
        }
        Ok(Self(path))
    }

    pub fn from_bytes(path: &[u8]) -> Result<Self, BadName> {
        Self::new(std::str::from_utf8(path).map_err(|_| BadName::NotUtf8)?)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }
}

/// The target of a link as text, if it stays in the bundle.
pub(crate) fn inside(link: &EntryPath, target: &Path) -> Option<Box<str>> {
    let target = target.to_str()?;
    if target.is_empty() || target.starts_with('/') || target.contains('\\') || target.chars().any(char::is_control) {
        return None;
    }
    let mut depth = link.as_str().matches('/').count();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => depth = depth.checked_sub(1)?,
            _ => depth += 1,
        }
    }
    Some(target.into())
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for EntryPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The three kinds of entries, as git knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Mode {
    #[serde(rename = "100644")]
    File,
    #[serde(rename = "100755")]
    Executable,
    #[serde(rename = "120000")]
    Link,
}

impl Mode {
    /// As the tree digest and git write it.
    pub fn octal(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Executable => "100755",
            Self::Link => "120000",
        }
    }

    /// As a zip file and `stat` have it.
    pub fn unix(self) -> u32 {
        match self {
            Self::File => 0o100_644,
            Self::Executable => 0o100_755,
            Self::Link => 0o120_777,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.octal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_good_paths_can_be_built() {
        #[track_caller]
        fn case(path: &str, expected: Result<(), BadName>) {
            assert_eq!(EntryPath::new(path).map(|_| ()), expected, "{path:?}");
        }
        case("a", Ok(()));
        case("a/b c/é.py", Ok(()));
        case("..a/b..", Ok(()));
        case("", Err(BadName::Empty));
        case("/a", Err(BadName::Absolute));
        case("a//b", Err(BadName::Component));
        case("a/", Err(BadName::Component));
        case("./a", Err(BadName::Component));
        case("a/../b", Err(BadName::Component));
        case("a\\b", Err(BadName::Backslash));
        case("a\nb", Err(BadName::Control));
        assert_eq!(EntryPath::from_bytes(b"\xff"), Err(BadName::NotUtf8));
    }

    #[test]
    fn links_stay_in_the_bundle() {
        #[track_caller]
        fn case(link: &str, target: &str, expected: bool) {
            let link = EntryPath::new(link).expect("a good path");
            assert_eq!(inside(&link, Path::new(target)).is_some(), expected, "`{link}` to `{target}`");
        }
        case("a", "b", true);
        case("a", "../b", false);
        case("a/b", "../c", true);
        case("a/b", "../../c", false);
        case("a/b", "c/../../d", true);
        case("a/b", "c/../../../d/e", false);
        case("a", "/etc/passwd", false);
        case("a", "b\\c", false);
    }
}
