//! The mechanical fixes, as changes that can be shown before they are made.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use diffy::Line;

use super::finding::Edit;
use super::{Finding, Report, Settings, run};
use crate::beanstalk::encoding;
use crate::beanstalk::tree::Tree;
use crate::ui::Paint;

/// What is done to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub path: String,
    /// The rules whose findings go away.
    pub rules: Vec<&'static str>,
    pub before: String,
    /// The new text, if it is the text that changes.
    pub after: Option<String>,
    pub executable: bool,
}

/// The changes that fix what can be fixed, by path. One fix may bring another to light, so they are made until there is
/// nothing left: a second time changes nothing.
pub fn changes(tree: &Tree, settings: &Settings) -> Vec<Change> {
    /// Far more than any chain of rules needs.
    const MOST: usize = 12;
    let mut changed = tree.clone();
    let mut all: BTreeMap<String, Change> = BTreeMap::new();
    for _ in 0..MOST {
        let more = round(&changed, &run(&changed, settings));
        if more.is_empty() {
            break;
        }
        for change in more {
            changed.change(&change.path, change.after.as_deref(), change.executable);
            match all.get_mut(&change.path) {
                None => {
                    all.insert(change.path.clone(), change);
                }
                Some(before) => {
                    before.rules.extend(change.rules);
                    before.executable |= change.executable;
                    before.after = change.after.or_else(|| before.after.take());
                }
            }
        }
    }
    let mut all: Vec<Change> = all.into_values().collect();
    for change in &mut all {
        change.rules.sort_unstable();
        change.rules.dedup();
    }
    all
}

/// What the findings of one report ask for.
fn round(tree: &Tree, report: &Report) -> Vec<Change> {
    let mut by_path: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.edit.is_some()) {
        by_path.entry(&finding.path).or_default().push(finding);
    }
    by_path.into_iter().filter_map(|(path, findings)| change(tree, path, &findings)).collect()
}

fn change(tree: &Tree, path: &str, findings: &[&Finding]) -> Option<Change> {
    let content = tree.content(path)?;
    let before = match encoding::decode(content) {
        Ok(decoded) => decoded.text.to_owned(),
        Err(_) => encoding::recover(content).unwrap_or_else(|| String::from_utf8_lossy(content).into_owned()),
    };
    let mut change = Change { path: path.to_owned(), rules: Vec::new(), before, after: None, executable: false };
    // The whole file first: the places of the other edits are those of the file as it was, and come with the next run.
    let whole = findings.iter().find_map(|finding| match &finding.edit {
        Some(Edit::Content(text)) => Some((finding.rule, text)),
        _ => None,
    });
    if let Some((rule, text)) = whole {
        change.rules.push(rule);
        change.after = Some(text.clone());
    } else {
        replace(&mut change, findings);
    }
    if let Some(finding) = findings.iter().find(|finding| finding.edit == Some(Edit::Executable)) {
        change.executable = true;
        change.rules.push(finding.rule);
    }
    (!change.rules.is_empty()).then_some(change)
}

/// From the end to the beginning, so that places stay true; of two that overlap, the later one waits for the next run.
fn replace(change: &mut Change, findings: &[&Finding]) {
    let mut edits: Vec<_> = findings
        .iter()
        .filter_map(|finding| match &finding.edit {
            Some(Edit::Replace { span, with }) => Some((span.clone(), with, finding.rule)),
            _ => None,
        })
        .collect();
    edits.sort_by_key(|(span, ..)| std::cmp::Reverse(span.start));
    let before = &change.before;
    let mut pieces: Vec<&str> = Vec::new();
    let mut end = before.len();
    for (span, with, rule) in edits {
        if span.end <= end && before.get(span.clone()).is_some() {
            pieces.extend([&before[span.end..end], with.as_str()]);
            end = span.start;
            change.rules.push(rule);
        }
    }
    pieces.push(&before[..end]);
    let text: String = pieces.into_iter().rev().collect();
    if text != change.before {
        change.after = Some(text);
    }
}

/// Both texts as one sequence of lines: kept, deleted, inserted.
fn lines<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a, str>> {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    if old.len() != new.len() {
        let patch = diffy::DiffOptions::new().set_context_len(old.len()).create_patch(before, after);
        let (mut old, mut new) = (old.into_iter(), new.into_iter());
        let kinds = patch.hunks().iter().flat_map(|hunk| hunk.lines());
        let line = |kind: &Line<'_, str>| match kind {
            Line::Context(_) => new.next().and(old.next()).map(Line::Context),
            Line::Delete(_) => old.next().map(Line::Delete),
            Line::Insert(_) => new.next().map(Line::Insert),
        };
        return kinds.filter_map(line).collect();
    }
    // Hardly any fix moves a line. A search for those that moved would take the square of the number of changes.
    let mut lines = Vec::new();
    let mut start = 0;
    while start < old.len() {
        let same = old[start] == new[start];
        let end = (start..old.len()).find(|&index| (old[index] == new[index]) != same).unwrap_or(old.len());
        match same {
            true => lines.extend(old[start..end].iter().map(|line| Line::Context(*line))),
            false => {
                lines.extend(old[start..end].iter().map(|line| Line::Delete(*line)));
                lines.extend(new[start..end].iter().map(|line| Line::Insert(*line)));
            }
        }
        start = end;
    }
    lines
}

/// The parts of a sequence of lines that have changes, each with a little around it.
fn hunks(lines: &[Line<'_, str>]) -> Vec<Range<usize>> {
    /// Lines shown before and after a change.
    const CONTEXT: usize = 2;
    let mut hunks: Vec<Range<usize>> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if matches!(line, Line::Context(_)) {
            continue;
        }
        let around = index.saturating_sub(CONTEXT)..lines.len().min(index + 1 + CONTEXT);
        match hunks.last_mut() {
            Some(last) if around.start <= last.end => last.end = around.end,
            _ => hunks.push(around),
        }
    }
    hunks
}

/// Lines of the old and of the new text among these.
fn count(lines: &[Line<'_, str>]) -> [usize; 2] {
    let of = |other: fn(&Line<'_, str>) -> bool| lines.iter().filter(|line| !other(line)).count();
    [of(|line| matches!(line, Line::Insert(_))), of(|line| matches!(line, Line::Delete(_)))]
}

/// A range of lines as the head of a hunk gives it: an empty one is after a line.
fn range(before: usize, len: usize) -> String {
    match len {
        0 => format!("{before},0"),
        1 => format!("{}", before + 1),
        _ => format!("{},{len}", before + 1),
    }
}

impl Change {
    /// As a unified diff.
    pub fn paint(&self, paint: Paint) -> String {
        let mut out = String::new();
        let _ = self.diff(&mut out, paint); // writing to a `String` cannot fail
        out
    }

    fn diff(&self, out: &mut String, paint: Paint) -> fmt::Result {
        use fmt::Write;
        writeln!(out, "{}", paint.bold(format!("{} ({})", self.path, self.rules.join(", "))))?;
        if self.executable {
            writeln!(out, "old mode 100644\nnew mode 100755")?;
        }
        let Some(after) = &self.after else { return Ok(()) };
        if *after == self.before {
            return writeln!(out, "the same text, as UTF-8 without a byte order mark");
        }
        let lines = lines(&self.before, after);
        let (mut seen, mut end) = ([0, 0], 0);
        for hunk in hunks(&lines) {
            let [skipped, shown] = [&lines[end..hunk.start], &lines[hunk.clone()]].map(count);
            let start = [seen[0] + skipped[0], seen[1] + skipped[1]];
            let header = format!("@@ -{} +{} @@", range(start[0], shown[0]), range(start[1], shown[1]));
            writeln!(out, "{}", paint.cyan(header))?;
            for line in &lines[hunk.clone()] {
                let readable = |text: &str| text.trim_end_matches('\n').replace('\r', "␍");
                match line {
                    Line::Delete(text) => writeln!(out, "{}", paint.red(format!("-{}", readable(text))))?,
                    Line::Insert(text) => writeln!(out, "{}", paint.green(format!("+{}", readable(text))))?,
                    Line::Context(text) => writeln!(out, " {}", readable(text))?,
                }
            }
            (seen, end) = ([start[0] + shown[0], start[1] + shown[1]], hunk.end);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beanstalk::tree::Entry;

    /// The text of a file after its fixes.
    #[track_caller]
    fn fixed(path: &str, content: &[u8]) -> String {
        // Old enough to mind how a hook is written.
        const PLATFORM: &str = "global:\n  default_platform: Python 3.8 running on 64bit Amazon Linux 2\n";
        let tree = Tree::default().file(path, content);
        let hook = path.starts_with(".platform/");
        let tree = if hook { tree.file(crate::beanstalk::eb_config::PATH, PLATFORM) } else { tree };
        let changes = changes(&tree, &Settings::default());
        let [Change { after: Some(after), .. }] = changes.as_slice() else { panic!("{changes:?}") };
        after.clone()
    }

    #[test]
    fn what_is_mechanical_is_done() {
        const CONFIG: &str = ".ebextensions/a.config";
        #[track_caller]
        fn case(path: &str, before: &[u8], after: &str) {
            assert_eq!(fixed(path, before), after);
        }
        case(CONFIG, b"files:\n  /a: {mode: 000644, content: a}\n", "files:\n  /a: {mode: \"000644\", content: a}\n");
        case(
            CONFIG,
            b"files:\n  /a: {mode: 000644, content: a}\n  /b: {mode: 000755, content: b}\n",
            "files:\n  /a: {mode: \"000644\", content: a}\n  /b: {mode: \"000755\", content: b}\n",
        );
        case(CONFIG, b"container_command: {}\n", "container_commands: {}\n");
        case(
            CONFIG,
            b"option_settings:\n  aws:elasticbeanstalk:container:python:staticfiles:\n    /static: /static/\n",
            "option_settings:\n  aws:elasticbeanstalk:environment:proxy:staticfiles:\n    /static: static\n",
        );
        case(
            CONFIG,
            b"container_commands:\n  a: {command: 'source /opt/python/run/venv/bin/activate && cd /opt/python/current/app'}\n",
            "container_commands:\n  a: {command: 'source /var/app/venv/*/bin/activate && cd /var/app/staging'}\n",
        );
        case("requirements.txt", b"D\0j\0a\0n\0g\0o\0=\0=\x001\0\n\0", "Django==1\n");
        case(".platform/hooks/predeploy/a.sh", b"#!/bin/sh\r\ntrue\r\n", "#!/bin/sh\ntrue\n");
    }

    #[test]
    fn a_change_is_shown_as_a_unified_diff() {
        #[track_caller]
        fn case(before: &str, after: &str, expected: &str) {
            let (before, after) = (before.to_owned(), Some(after.to_owned()));
            let change = Change { path: "f".into(), rules: vec!["EB1"], before, after, executable: false };
            assert_eq!(change.paint(Paint::default()), format!("f (EB1)\n{expected}"));
        }
        case("a\nb\nc\nd\ne\n", "a\nb\nc\nX\ne\n", "@@ -2,4 +2,4 @@\n b\n c\n-d\n+X\n e\n");
        case("a\nb\nc\nd\ne\n", "a\nb\nc\nd\n", "@@ -3,3 +3,2 @@\n c\n d\n-e\n");
        case("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n");
        case("a\r\n", "a\n", "@@ -1 +1 @@\n-a␍\n+a\n");
    }

    #[test]
    fn a_mode_is_a_change_too() {
        const PLATFORM: &str = "global:\n  default_platform: Python 3.8 running on 64bit Amazon Linux 2\n";
        let mut tree = Tree::default().file(crate::beanstalk::eb_config::PATH, PLATFORM);
        let content = Some(b"#!/bin/sh\n".to_vec());
        tree.insert(".platform/hooks/predeploy/a.sh", Entry::File { executable: false, bytes: 10, content });
        let changes = changes(&tree, &Settings::default());
        assert_eq!(changes.len(), 1);
        assert!(changes[0].executable && changes[0].after.is_none());
    }
}
