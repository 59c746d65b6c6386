//! Findings that a project has decided to live with, and why.
//!
//! `# beansprout: ignore EB021 because the CDN serves it` on the line of the finding or on the one above, or an entry of
//! `[check]` in `beansprout.toml`. A reason is required: without one nothing is suppressed.

use std::collections::BTreeMap;

use super::Report;
use super::catalogue;
use super::finding::{self, Finding, Suppressed};
use crate::project::{self, Suppression};

const MARK: &str = "beansprout: ignore";

struct Comment<'a> {
    line: usize,
    /// Does the line hold nothing else?
    alone: bool,
    rule: &'a str,
    reason: &'a str,
    span: std::ops::Range<usize>,
}

pub(super) fn apply(findings: Vec<Finding>, texts: &BTreeMap<String, String>, settings: &[Suppression]) -> Report {
    let mut report = Report::default();
    let comments: BTreeMap<&str, Vec<Comment<'_>>> = texts
        .iter()
        .filter(|(_, text)| text.contains(MARK))
        .map(|(path, text)| (path.as_str(), comments(text)))
        .collect();
    for finding in findings {
        let comment = by_comment(&finding, comments.get(finding.path.as_str()));
        let entry = settings.iter().find(|entry| covers(entry, &finding)).map(|entry| entry.reason.clone());
        let by_comment = comment.is_some();
        match comment.or(entry) {
            Some(reason) => report.suppressed.push(Suppressed { finding, reason, by_comment }),
            None => report.findings.push(finding),
        }
    }
    let mut incomplete_comments = Vec::new();
    for (path, comments) in &comments {
        let bad =
            comments.iter().filter(|comment| comment.reason.is_empty() || catalogue::rule(comment.rule).is_none());
        for comment in bad {
            let mut finding = incomplete(path, comment.rule);
            finding.span = Some(comment.span.clone());
            incomplete_comments.push(finding);
        }
    }
    finding::locate(&mut incomplete_comments, texts);
    report.findings.append(&mut incomplete_comments);
    for entry in settings {
        if entry.reason.trim().is_empty() || catalogue::rule(&entry.rule).is_none() {
            report.findings.push(incomplete(project::FILE, &entry.rule));
        }
    }
    report.findings.sort_by(|a, b| (&a.path, a.start, a.rule).cmp(&(&b.path, b.start, b.rule)));
    report
}

fn incomplete(path: &str, rule: &str) -> Finding {
    let message = match catalogue::rule(rule) {
        Some(_) => format!("nothing is suppressed: there is no reason after `{rule}`"),
        None => format!("nothing is suppressed: there is no rule `{rule}`"),
    };
    Finding::new(
        catalogue::rule("EB900").expect("it has its page"),
        path,
        message,
        "write the rule's id and then the reason".to_owned(),
    )
}

fn by_comment(finding: &Finding, comments: Option<&Vec<Comment<'_>>>) -> Option<String> {
    let line = finding.start?.line;
    let comments = comments?;
    // They are in the order of the lines, one to a line.
    let first = comments.partition_point(|comment| comment.line + 1 < line);
    let near = |comment: &&Comment<'_>| comment.line == line || (comment.alone && comment.line + 1 == line);
    let comment = comments[first..].iter().take(2).filter(near).find(|comment| comment.rule == finding.rule)?;
    (!comment.reason.is_empty()).then(|| comment.reason.to_owned())
}

fn covers(entry: &Suppression, finding: &Finding) -> bool {
    let path = entry.path.as_deref().is_none_or(|path| {
        finding.path == path
            || finding.path.strip_prefix(path.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
    });
    entry.rule == finding.rule && path && !entry.reason.trim().is_empty()
}

fn comments(text: &str) -> Vec<Comment<'_>> {
    let mut found = Vec::new();
    let mut offset = 0;
    for (index, line) in text.split('\n').enumerate() {
        if let Some((before, after)) = line.split_once(MARK)
            && let Some(hash) = before.rfind(['#', ';'])
        {
            let mut words = after.trim().splitn(2, char::is_whitespace);
            let rule = words.next().unwrap_or_default();
            let reason = words.next().unwrap_or_default().trim_start_matches(['-', ':', '—']).trim();
            let span = offset + hash..offset + line.trim_end().len();
            found.push(Comment { line: index + 1, alone: before[..hash].trim().is_empty(), rule, reason, span });
        }
        offset += line.len() + 1;
    }
    found
}
