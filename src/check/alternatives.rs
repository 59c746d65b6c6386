//! Alternatives: what is true of a project whose settings the console may choose.
//!
//! The rules look at each of the modules that may be meant. What they find with all of them is said as it is, and the rest
//! with its condition.

use super::finding::Finding;
use super::rules::{self, candidates};
use super::subject::Subject;
use crate::level::Level;

/// What of development's settings is a fault of the site, where nobody names others: debug mode, keys, hosts, the database,
/// uploads, and services that nobody runs.
const MATTER: [&str; 10] = ["EB010", "EB012", "EB080", "EB082", "EB110", "EB112", "EB132", "EB149", "EB341", "EB346"];

pub(super) fn weigh(subject: &mut Subject<'_>) {
    let others = candidates::others(subject);
    if others.is_empty() {
        return;
    }
    let of_others: Vec<(&String, Vec<Finding>)> = others
        .iter()
        .map(|module| {
            let mut other = subject.assuming(module);
            rules::run(&mut other);
            (module, other.found().to_vec())
        })
        .collect();
    let own = subject.settings();
    let module = own.as_ref().map(|settings| settings.module.clone());
    // Development's own faults are mostly those of a machine at somebody's desk: said are those that visitors meet, or that
    // lose what they have brought, as long as the server starts with these settings at all.
    let dropped = module.as_deref().is_some_and(candidates::is_development);
    let (all, mut findings) = (subject.found(), Vec::new());
    let starts = !all.iter().any(|finding| finding.rule == "EB169" && finding.level == Level::Error);
    for finding in all {
        let about_choice = finding.rule == "EB111" || (finding.rule == "EB114" && own.is_none());
        if about_choice || of_others.iter().all(|(_, found)| found.iter().any(|other| is_same(other, finding))) {
            findings.push(finding.clone());
        } else if !dropped || (starts && MATTER.contains(&finding.rule)) {
            let names: Vec<&str> = others.iter().map(String::as_str).collect();
            let condition = format!("unless `DJANGO_SETTINGS_MODULE` names {}", crate::ui::ticked(names));
            findings.push(only(finding, &condition, Level::Warning));
        }
    }
    let most = if dropped || own.is_none() { Level::Warning } else { Level::Note };
    let mut said: Vec<&Finding> = all.iter().collect();
    for (module, found) in &of_others {
        for finding in found {
            if !said.iter().any(|other| is_same(other, finding)) {
                findings.push(only(finding, &format!("with `{module}`"), most));
                said.push(finding);
            }
        }
    }
    subject.replace(findings);
}

fn is_same(one: &Finding, other: &Finding) -> bool {
    (one.rule, &one.path, &one.span, &one.message) == (other.rule, &other.path, &other.span, &other.message)
}

fn only(finding: &Finding, condition: &str, most: Level) -> Finding {
    let mut finding = finding.clone();
    finding.message = match finding.message.strip_prefix("unless ") {
        // Two conditions of which either will do are one.
        Some(other) if condition.starts_with("unless ") => format!("{condition}, or {other}"),
        _ => format!("{condition}: {}", finding.message),
    };
    finding.level = finding.level.max(most);
    finding
}
