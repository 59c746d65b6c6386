//! Path of a file in the target. One that leaves it cannot be built.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Error;

/// Relative, `/`-separated, never `..`, never inside `.git`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TargetPath(String);

impl TargetPath {
    pub(crate) fn parse(path: &str) -> Result<Self, Error> {
        let refuse = |why| Err(Error::PathRefused { path: path.to_owned(), why });
        if path.is_empty() {
            return refuse("it is empty");
        }
        if path.starts_with('/') {
            return refuse("it is absolute");
        }
        if path.contains(['\\', ':', '<', '>', '"', '|', '?', '*']) || path.chars().any(char::is_control) {
            return refuse("it has a character that some systems read as more than a letter");
        }
        for part in path.split('/') {
            // Windows drops dots and spaces at the end of a name, so `.. ` is `..` there.
            let bare = part.trim_end_matches(['.', ' ']);
            if part.is_empty() {
                return refuse("it has an empty part");
            }
            if bare.is_empty() || bare != part {
                return refuse("a part of it is `.`, `..`, or ends with a dot or a space");
            }
            if is_device(part) {
                return refuse("Windows keeps that name for a device");
            }
            if is_git(part) {
                return refuse("git runs what lies there, or some systems take it for the folder where it does");
            }
        }
        let top = path.split('/').next().unwrap_or_default();
        if top.eq_ignore_ascii_case(".beansprout") {
            return refuse("the state of this machine lies there");
        }
        if part_of(path, &[".gitmodules", ".envrc"]) {
            return refuse("git or a shell does what it says");
        }
        Ok(Self(path.to_owned()))
    }

    /// The same on a file system that does not know capitals from lower-case letters.
    pub(crate) fn folded(&self) -> String {
        self.0.to_lowercase()
    }

    /// The path below `root`. No folder on the way there may be a link: it could lead out of the target.
    pub(crate) fn below_without_links(&self, root: &Path) -> Result<PathBuf, Error> {
        let mut at = root.to_owned();
        for part in self.0.split('/') {
            at.push(part);
            if at.symlink_metadata().is_ok_and(|found| found.file_type().is_symlink()) {
                return Err(Error::LinkInTarget { path: at });
            }
        }
        Ok(at)
    }
}

/// Whether some system takes the name for `.git`: one without capitals, one that passes over characters nobody sees (HFS+), or
/// one with short names (Windows: `git~1`).
fn is_git(part: &str) -> bool {
    let seen: String = part.chars().filter(|c| !is_ignorable(*c)).collect();
    let short = |start: &str| {
        let folded = seen.to_ascii_lowercase();
        folded
            .strip_prefix(start)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    seen.eq_ignore_ascii_case(".git") || short("git~")
}

/// Characters that HFS+ passes over in names. See: git's `utf8.c`, `next_hfs_char`.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{200C}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}')
}

/// Is the last part of the path one of these names, whatever its capitals?
fn part_of(path: &str, names: &[&str]) -> bool {
    let last: String = path.rsplit('/').next().unwrap_or_default().chars().filter(|c| !is_ignorable(*c)).collect();
    names.iter().any(|name| last.eq_ignore_ascii_case(name))
}

/// Whether it is the console, a printer or nothing at all to Windows, whatever its extension.
fn is_device(part: &str) -> bool {
    let name = part.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |kind| {
        name.strip_prefix(kind)
            .is_some_and(|rest| matches!(rest, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"))
    };
    matches!(name.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$") || numbered("com") || numbered("lpt")
}

impl fmt::Display for TargetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl serde::Serialize for TargetPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_inside_can_be_built() {
        #[track_caller]
        fn case(path: &str, fits: bool) {
            assert_eq!(TargetPath::parse(path).is_ok(), fits, "{path:?}");
        }
        case("manage.py", true);
        case(".ebextensions/10-django.config", true);
        case(".gitignore", true);
        case("", false);
        case("/etc/passwd", false);
        case("../x", false);
        case("a/../../x", false);
        case("a/./b", false);
        case("a//b", false);
        case("a/", false);
        case("a/.. /b", false);
        case("a\\b", false);
        case("C:x", false);
        case("what?", false);
        case("aux.py", false);
        case("app/NUL", false);
        case("com1 .txt", false);
        case("auxiliary.py", true);
        case("com10", true);
        case(".con", true);
        case("a\nb", false);
        case(".git/hooks/pre-commit", false);
        case("sub/.GIT/config", false);
        case(".git ./x", false);
        case("git~1/config", false);
        case("sub/GIT~2/config", false);
        case(".g\u{200C}it/config", false);
        case(".git\u{FEFF}", false);
        case("git~x", true);
        case("COM\u{B9}", false);
        case("lpt\u{B3}.txt", false);
        case(".beansprout/cache", false);
        case("sub/.beansprout", true);
        case(".gitmodules", false);
        case("sub/.envrc", false);
        case(".env", true);
    }
}
