//! Settings of a repository, read from its own files (`git-config`): those that we act on, and what they include.

use std::path::{Path, PathBuf};

use crate::file;

/// Included files may include others, but not for ever. git has the same bound.
const DEEPEST: usize = 10;

/// The settings of one file, in its order. The last of two with one name holds.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// Section (with its subsection behind a dot), key, value.
    settings: Vec<(String, String, String)>,
}

impl Config {
    pub(crate) fn parse(text: &str) -> Self {
        let mut settings = Vec::new();
        let mut section = String::new();
        for line in text.lines() {
            let mut line = line.trim();
            if let Some((name, rest)) = line.strip_prefix('[').and_then(|line| line.split_once(']')) {
                section = match name.split_once('"') {
                    Some((name, sub)) => format!("{}.{}", name.trim().to_ascii_lowercase(), sub.trim_end_matches('"')),
                    None => name.trim().to_ascii_lowercase(),
                };
                line = rest.trim();
            }
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            // A key alone is true.
            let (key, value) = line.split_once('=').unwrap_or((line, "true"));
            let value = value.split(['#', ';']).next().unwrap_or_default().trim().trim_matches('"');
            settings.push((section.clone(), key.trim().to_ascii_lowercase(), value.to_owned()));
        }
        Self { settings }
    }

    pub(crate) fn get(&self, section: &str, key: &str) -> Option<&str> {
        let found = self.settings.iter().rfind(|(its, name, _)| its == section && name == key);
        found.map(|(_, _, value)| value.as_str())
    }

    /// A setting that is on or off.
    pub(crate) fn flag(&self, section: &str, key: &str) -> Option<bool> {
        let value = self.get(section, key)?;
        Some(!["false", "no", "off", "0", ""].iter().any(|off| value.eq_ignore_ascii_case(off)))
    }

    fn included(&self) -> impl Iterator<Item = &str> {
        let includes = |section: &str| section == "include" || section.starts_with("includeif.");
        self.settings
            .iter()
            .filter(move |(section, key, _)| includes(section) && key == "path")
            .map(|(.., path)| &**path)
    }
}

/// Something that a git which reads `config` would read with it, or instead of it, and that is no file: it could wait there
/// for ever.
pub(crate) fn trap(config: &Path, depth: usize) -> Option<PathBuf> {
    let text = match file::read(config) {
        Ok(text) => text,
        Err(file::Error::NotAFile { path, .. }) => return Some(path),
        Err(_) => return None,
    };
    if depth == DEEPEST {
        return None;
    }
    let config_of = Config::parse(&String::from_utf8_lossy(&text));
    let dir = config.parent().unwrap_or(Path::new(""));
    // What begins with `~` is the user's own.
    config_of.included().filter(|path| !path.starts_with('~')).find_map(|path| trap(&dir.join(path), depth + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_found_in_any_spelling() {
        let config = Config::parse(
            "[core]\n\tfileMode = false ; as on Windows\n[Core] symlinks=no\n[filter \"x\"]\n\tclean = \"a b\"\n\
             [include]\n  path = ../more\n[includeIf \"gitdir:/a\"]\npath=b\n[user]\n\tfilemode = true\n[a]\nbare\n",
        );
        assert_eq!(config.flag("core", "filemode"), Some(false));
        assert_eq!(config.flag("core", "symlinks"), Some(false));
        assert_eq!(config.flag("core", "ignorecase"), None);
        assert_eq!(config.flag("a", "bare"), Some(true));
        assert_eq!(config.get("filter.x", "clean"), Some("a b"));
        assert_eq!(config.included().collect::<Vec<_>>(), ["../more", "b"]);
    }
}
