//! Patterns of `_exclude`, a line of a `.gitignore` each.

use crate::stack::Glob;

/// Is a path, or a folder that it is in, among those that the patterns mean? The last one that fits decides.
pub(super) fn covers(patterns: &[String], path: &str) -> bool {
    let mut out = false;
    for line in patterns {
        let line = trimmed(line);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (kept, pattern) = line.strip_prefix('!').map_or((false, line), |pattern| (true, pattern));
        // `docs/` is a folder of this name, wherever it is.
        let (pattern, folder) = pattern.strip_suffix('/').map_or((pattern, false), |pattern| (pattern, true));
        let anywhere = if pattern.contains('/') { "" } else { "**/" };
        let glob = Glob::new(&format!("{anywhere}{}", pattern.strip_prefix('/').unwrap_or(pattern)));
        let mut folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        if folders.any(|folder| glob.is_match(folder)) || (!folder && glob.is_match(path)) {
            out = !kept;
        }
    }
    out
}

/// Without the blanks at the end that no `\` stands before.
fn trimmed(line: &str) -> &str {
    let end = line.trim_end_matches(' ');
    if end.ends_with('\\') && end.len() < line.len() { &line[..=end.len()] } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_covered() {
        #[track_caller]
        fn case(pattern: &str, yes: &[&str], no: &[&str]) {
            yes.iter().for_each(|path| assert!(covers(&[pattern.to_owned()], path), "{pattern} {path}"));
            no.iter().for_each(|path| assert!(!covers(&[pattern.to_owned()], path), "{pattern} {path}"));
        }
        case("*.bak", &["b.bak", "a/b.bak", "a.bak/b"], &["b.bak.txt"]);
        case("docs", &["docs", "a/docs/b"], &["docs.md"]);
        case("docs/", &["docs/a", "a/docs/b"], &["docs", "a/docs"]);
        case("/docs", &["docs", "docs/a"], &["a/docs"]);
        case("a/docs", &["a/docs", "a/docs/b"], &["b/a/docs", "a/docsx"]);
        case("a/*.py", &["a/b.py"], &["a/b/c.py", "x/a/b.py"]);
        case("**/x", &["x", "a/x", "a/b/x/c"], &["ax"]);
        case("a/**/b", &["a/b", "a/x/y/b"], &["a/xb"]);
        case("a/**", &["a/b/c"], &["a"]);
        case("[!a]*", &["b", "ab/c"], &["a", "ab"]);
        case("", &[], &["a"]);
        case("# note", &[], &["# note", "note"]);
        case("\\#a", &["#a"], &["a"]);
        case("\\!a", &["!a"], &["a"]);
        case("a  ", &["a"], &["a  "]);
        case("a\\ ", &["a "], &["a"]);
    }

    #[test]
    fn the_last_one_that_fits_decides() {
        let patterns = ["*.md", "!README.md", "docs"].map(str::to_owned);
        assert!(covers(&patterns, "a.md") && !covers(&patterns, "README.md") && covers(&patterns, "docs/README.md"));
    }
}
