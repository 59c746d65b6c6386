//! Renderings as patches: what `stack test` remembers, small enough to be read in a review.
//!
//! The first rendering is a patch from nothing, and every other one from the first. `git apply` makes files of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::finding::Row;
use super::plan::Planned;
use super::{Plan, TargetPath};

/// Beginning of the line that opens a file's part of a patch. No other line of a patch begins so.
const BEGIN: &str = "diff --git a/";

/// A patch by its files.
pub(crate) type Patch = BTreeMap<String, String>;

/// One patch for each rendering.
pub(crate) fn patches(rows: &[Row]) -> Vec<Patch> {
    let nothing = Plan::default();
    let plans: Vec<Plan> = rows.iter().map(|row| row.plan.without_secrets()).collect();
    let first = plans.first().unwrap_or(&nothing);
    let before = |number: usize| if number == 0 { &nothing } else { first };
    plans.iter().enumerate().map(|(number, plan)| between(before(number), plan)).collect()
}

/// Read what was written. What stands before the first file is nobody's.
pub(crate) fn read(text: &str) -> Patch {
    let mut patch = Patch::new();
    let mut path = String::new();
    for line in text.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix(BEGIN) {
            path = rest.split(" b/").next().unwrap_or_default().to_owned();
        }
        patch.entry(path.clone()).or_default().push_str(line);
    }
    patch
}

fn between(before: &Plan, after: &Plan) -> Patch {
    let paths: BTreeSet<&TargetPath> = before.iter().chain(after.iter()).map(|(path, _)| path).collect();
    let changed = paths.into_iter().filter(|path| before.get(path) != after.get(path));
    changed.map(|path| (path.to_string(), part(path, before.get(path), after.get(path)))).collect()
}

/// As `git diff` shows one file.
fn part(path: &TargetPath, before: Option<&Planned>, after: Option<&Planned>) -> String {
    let mut out = format!("{BEGIN}{path} b/{path}\n");
    let mode = |planned: &Planned| if planned.executable { "100755" } else { "100644" };
    let mut line = |text: String| writeln!(out, "{text}").expect("a String takes every character");
    match (before, after) {
        (None, Some(after)) => line(format!("new file mode {}", mode(after))),
        (Some(before), None) => line(format!("deleted file mode {}", mode(before))),
        (Some(before), Some(after)) if mode(before) != mode(after) => {
            line(format!("old mode {}", mode(before)));
            line(format!("new mode {}", mode(after)));
        }
        _ => {}
    }
    let text = |planned: Option<&Planned>| match planned {
        None => Some(String::new()),
        Some(planned) => String::from_utf8(planned.content.clone()).ok(),
    };
    match (text(before), text(after)) {
        (Some(before), Some(after)) if before == after => {}
        (Some(old), Some(new)) => {
            let name = |side: &str, there: bool| if there { format!("{side}/{path}") } else { "/dev/null".to_owned() };
            let patch = diffy::DiffOptions::new()
                .set_original_filename(name("a", before.is_some()))
                .set_modified_filename(name("b", after.is_some()))
                .create_patch(&old, &new)
                .to_string();
            out.push_str(&patch);
        }
        _ => {
            let content = after.map(|planned| planned.content.as_slice()).unwrap_or_default();
            let digest = crate::hex::encode(Sha256::digest(content));
            line(format!("Binary files differ: {digest}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(files: &[(&str, &[u8])]) -> Plan {
        let mut plan = Plan::default();
        for (path, content) in files {
            let planned = Planned { content: content.to_vec(), executable: path.ends_with(".sh") };
            plan.add(TargetPath::parse(path).unwrap(), planned).unwrap();
        }
        plan
    }

    #[test]
    fn a_patch_is_read_as_it_was_written() {
        let before = plan(&[("a", b"1\n2\n"), ("gone", b"diff --git a/x b/x\n"), ("same", b"")]);
        let after = plan(&[("a", b"1\n3\n"), ("b.sh", b"new\n"), ("bytes", b"\xff"), ("same", b""), ("none", b"")]);
        let patch = between(&before, &after);
        let names: Vec<&String> = patch.keys().collect();
        assert_eq!(names, ["a", "b.sh", "bytes", "gone", "none"]);
        assert_eq!(read(&patch.values().cloned().collect::<String>()), patch);
        assert!(patch["b.sh"].contains("new file mode 100755\n--- /dev/null\n+++ b/b.sh\n"), "{}", patch["b.sh"]);
        assert!(patch["gone"].contains("deleted file mode 100644\n--- a/gone\n+++ /dev/null\n"), "{}", patch["gone"]);
    }
}
