//! Names that never ship, whatever the rules say.

use super::rules::Reason;

/// Paths that are in no bundle, whatever the rules say: names anywhere in it, or, with a slash in front, below its top. A
/// `*` stands for any part of one name.
const NEVER: [&str; 10] = [
    ".git",
    ".elasticbeanstalk",
    ".beansprout",
    ".beansprout-base.json",
    "__MACOSX",
    ".DS_Store",
    "__pycache__",
    "._*",
    // Descriptions of environments, and the record of their drills, are about the account and not about the site.
    "/environments/*.toml",
    "/environments/_drills.jsonl",
];

/// Why `path`, without a slash at its end, is in no bundle. Whoever asks has asked about the folders above it.
pub(crate) fn never(path: &str) -> Option<Reason> {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    // Nearly every path is told by one look.
    if !name.starts_with(['.', '_']) && !path.starts_with("environments/") {
        return None;
    }
    let fits = |pattern: &str, text: &str| match pattern.split_once('*') {
        Some((start, end)) => {
            let middle = text.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
            middle.is_some_and(|middle| !middle.contains('/'))
        }
        None => pattern == text,
    };
    let rule = NEVER.into_iter().find(|rule| match rule.strip_prefix('/') {
        Some(rule) => fits(rule, path),
        None => fits(rule, name),
    })?;
    Some(Reason::Never { name: rule.trim_start_matches('/').into() })
}

/// Is `path` or a folder above it in no bundle?
pub(crate) fn never_ships(path: &str) -> bool {
    let path = path.trim_matches('/');
    path.match_indices('/').map(|(end, _)| &path[..end]).chain([path]).any(|part| never(part).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_look_lets_no_row_of_the_table_pass() {
        for rule in NEVER {
            let path = rule.trim_start_matches('/').replace('*', "x");
            assert!(never(&path).is_some(), "{rule}");
        }
    }

    #[test]
    fn some_names_never_ship() {
        for path in [".git", "._a.config", "__pycache__", ".beansprout", "a/b/.beansprout-base.json"] {
            assert!(never(path).is_some(), "{path}");
        }
        for path in ["environments/prod.toml", "environments/.toml", "environments/_drills.jsonl"] {
            assert!(never(path).is_some(), "{path}");
        }
        for path in [".gitignore", ".platform", ".ebextensions", "_a", "environments", "a/environments/prod.toml"] {
            assert!(never(path).is_none(), "{path}");
        }
        for path in ["environments/a/prod.toml", "environments/prod.tom", "environments/drills.jsonl"] {
            assert!(never(path).is_none(), "{path}");
        }
    }
}
