//! A report in the format of code scanning: SARIF 2.1.0 (OASIS, 27 March 2020).

use serde_json::{Value, json};

use super::catalogue::{self, Rule};
use super::finding::Finding;
use super::{Level, Report};

impl Report {
    /// One run with every rule, and a result for each finding; what is suppressed says why.
    pub fn sarif(&self) -> Value {
        let rules: Vec<Value> = catalogue::rules().iter().map(rule).collect();
        let suppressed = self.suppressed.iter().map(|suppressed| {
            let mut value = result(&suppressed.finding);
            value["suppressions"] = json!([{ "kind": "inSource", "justification": suppressed.reason }]);
            value
        });
        let results: Vec<Value> = self.findings.iter().map(result).chain(suppressed).collect();
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
                "results": results,
            }],
        })
    }
}

fn level(level: Level) -> &'static str {
    level.word()
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "name": rule.name,
        "shortDescription": { "text": rule.summary.replace('`', "'") },
        "help": { "text": rule.text, "markdown": rule.text },
        "defaultConfiguration": { "level": level(rule.level) },
        "properties": { "tags": ["elastic-beanstalk", rule.family] },
    })
}

fn result(finding: &Finding) -> Value {
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
        "level": level(finding.level),
        "message": { "text": format!("{}. Fix: {}.", finding.message, finding.fix) },
        "locations": [{ "physicalLocation": place }],
    })
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
