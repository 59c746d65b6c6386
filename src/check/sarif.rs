//! A report in the format of code scanning: SARIF 2.1.0 (OASIS, 27 March 2020).

use std::collections::HashMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Report;
use super::catalogue::{self, Rule};
use super::finding::Finding;
use crate::level::Level;

impl Report {
    /// One run with every rule, and a result for each finding; what is suppressed says why.
    pub fn sarif(&self) -> Value {
        let rules: Vec<Value> = catalogue::rules().iter().map(rule).collect();
        let mut prints = Fingerprints::default();
        let mut results: Vec<Value> = self.findings.iter().map(|finding| self.result(finding, &mut prints)).collect();
        for suppressed in &self.suppressed {
            let kind = if suppressed.by_comment { "inSource" } else { "external" };
            let mut value = self.result(&suppressed.finding, &mut prints);
            value["suppressions"] = json!([{ "kind": kind, "justification": suppressed.reason }]);
            results.push(value);
        }
        json!({
            "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "beansprout",
                    "version": env!("CARGO_PKG_VERSION"),
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                }},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": { "%SRCROOT%": { "description": { "text": "The folder of the project" } } },
                "invocations": [{ "executionSuccessful": true }],
                "results": results,
            }],
        })
    }
}

/// Code scanning finds a result of an earlier run by the hash of its line, and by the number of such lines before it.
#[derive(Default)]
struct Fingerprints {
    seen: HashMap<(&'static str, String, String), usize>,
}

impl Fingerprints {
    fn of(&mut self, finding: &Finding, line: &str) -> String {
        let hash = Sha256::digest(line.split_whitespace().collect::<String>());
        let hash = crate::hex::encode(&hash[..8]);
        let number = self.seen.entry((finding.rule, finding.path.clone(), hash.clone())).or_default();
        *number += 1;
        format!("{hash}:{number}")
    }
}

fn rule(rule: &Rule) -> Value {
    // How code scanning sorts what is not about security.
    let severity = match rule.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "recommendation",
    };
    let precision = if rule.level == Level::Note { "medium" } else { "high" };
    let story = rule.text.split("\n**Fails**").next().unwrap_or(rule.text);
    let full = story.split_once("\n\n").map_or(rule.summary, |(_, rest)| rest.trim()).replace('\n', " ");
    json!({
        "id": rule.id,
        "name": rule.name,
        "shortDescription": { "text": rule.summary.replace('`', "'") },
        "fullDescription": { "text": full },
        "help": { "text": rule.text, "markdown": rule.text },
        "defaultConfiguration": { "level": rule.level.word() },
        "properties": {
            "tags": ["elastic-beanstalk", rule.family],
            "problem.severity": severity,
            "precision": precision,
        },
    })
}

impl Report {
    fn result(&self, finding: &Finding, prints: &mut Fingerprints) -> Value {
        let index = catalogue::rules().iter().position(|rule| rule.id == finding.rule);
        let mut place = json!({ "artifactLocation": { "uri": uri(&finding.path), "uriBaseId": "%SRCROOT%" } });
        // Code scanning wants a place in each file.
        let (start, end) = (finding.start, finding.end);
        let (line, column) = start.map_or((1, 1), |start| (start.line, start.column));
        let (last, after) = end.map_or((line, column), |end| (end.line, end.column));
        place["region"] = json!({ "startLine": line, "startColumn": column, "endLine": last, "endColumn": after });
        json!({
            "ruleId": finding.rule,
            "ruleIndex": index,
            "level": finding.level.word(),
            "message": { "text": format!("{}. Fix: {}.", finding.message, finding.fix) },
            "locations": [{ "physicalLocation": place }],
            "partialFingerprints": { "primaryLocationLineHash": prints.of(finding, self.line(finding)) },
        })
    }

    /// The line that a finding is in, or as much of it as tells it from others.
    fn line(&self, finding: &Finding) -> &str {
        const ENOUGH: usize = 1_000;
        let (Some(text), Some(span)) = (self.sources.get(&finding.path), &finding.span) else { return "" };
        let near = |from: usize| (from..=span.start).find(|&at| text.is_char_boundary(at)).unwrap_or(span.start);
        let before = &text[near(span.start.saturating_sub(ENOUGH))..span.start];
        let start = span.start - before.len() + before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[span.start..].char_indices().take(ENOUGH).find(|(_, char)| *char == '\n');
        let end = end.map(|(at, _)| span.start + at);
        let most = text[span.start..].char_indices().nth(ENOUGH).map_or(text.len(), |(at, _)| span.start + at);
        &text[start..end.unwrap_or(most)]
    }
}

/// A path as a relative reference: everything but unreserved characters and `/` is encoded.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
