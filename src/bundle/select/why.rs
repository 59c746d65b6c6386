//! Answer to `--why`: the rule that puts a path in or out, and its words.

use std::fmt;

use super::plan::Plan;
use super::rules::{LeftOut, Reason};
use super::spelling;

/// Why a path is in or out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Why {
    pub path: String,
    pub ships: bool,
    /// The rule, and the path that it matched: this one, or a folder above it.
    pub decided: LeftOut,
}

impl Plan {
    /// Which rule puts `path` in or out: the path itself, or a folder above it.
    pub fn why(&self, path: &str) -> Option<Why> {
        let path = spelling::of_name(path.trim_end_matches('/').trim_start_matches("./"));
        let path = path.as_ref();
        let above: Vec<&str> = path.match_indices('/').map(|(end, _)| &path[..end]).chain([path]).collect();
        let find = |list: &[LeftOut], wanted: &str| {
            list.iter().find(|found| found.path.trim_end_matches('/') == wanted).cloned()
        };
        if let Some(decided) = above.iter().find_map(|part| find(&self.left_out, part)) {
            return Some(Why { path: path.to_owned(), ships: false, decided });
        }
        if !self.has(path) {
            return None;
        }
        let kept = above.iter().rev().find_map(|part| find(&self.kept, part));
        let decided = kept.unwrap_or_else(|| LeftOut { path: path.to_owned(), reason: Reason::Default });
        Some(Why { path: path.to_owned(), ships: true, decided })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never { name } => write!(f, "`{name}` never ships"),
            Self::VirtualEnvironment => f.write_str("a virtual environment never ships"),
            Self::Rule { file, line, pattern } => write!(f, "`{pattern}` in `{file}`, line {line}"),
            Self::Tracked { file, line, pattern } => {
                write!(f, "git tracks it (`{pattern}` in `{file}`, line {line}, holds for untracked files only)")
            }
            Self::ExportIgnore => f.write_str("`export-ignore` in `.gitattributes`"),
            Self::EbCli => f.write_str("the EB CLI leaves it out"),
            Self::Output => f.write_str("this command writes to it"),
            Self::Default => f.write_str("no rule leaves it out"),
        }
    }
}
