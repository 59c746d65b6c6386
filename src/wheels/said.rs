//! What pip says when it cannot go on, as one of our errors.

use crate::beanstalk::wheel::Target;
use crate::secret::without_credentials;

use super::Error;

/// Signs of an index that cannot be reached, in pip's words of the last years.
const UNREACHABLE: [&str; 10] = [
    "NewConnectionError",
    "NameResolutionError",
    "Temporary failure in name resolution",
    "Connection refused",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "Network is unreachable",
    "RemoteDisconnected",
    "SSLError",
];

/// The error of a run that failed, by all that it said.
pub(super) fn error(lines: &[String], target: Target) -> Error {
    let lines: Vec<String> = lines.iter().map(|line| without_credentials(line)).collect();
    let has = |needle: &str| lines.iter().find(|line| line.contains(needle));
    let said = |line: &str| line.trim().trim_start_matches("ERROR: ").trim_start_matches("WARNING: ").to_owned();
    if let Some(line) = has("HTTP error 401")
        .or_else(|| has("HTTP error 403"))
        .or_else(|| has("401 Client Error"))
        .or_else(|| has("403 Client Error"))
    {
        return Error::Unauthorized { said: said(line) };
    }
    if let Some(at) =
        lines.iter().position(|line| line.contains("DO NOT MATCH THE HASHES") || line.contains("HashMismatch"))
    {
        let after = &lines[at + 1..];
        let name = after.iter().find(|line| !line.trim().is_empty()).map(|line| said(line)).unwrap_or_default();
        let found = after.iter().find_map(|line| line.split_once("Got ")).map(|(_, got)| got.trim().to_owned());
        let name = name.split(" from ").next().unwrap_or(&name).trim_end_matches(':').to_owned();
        let place = "the package index, or the lock file,".to_owned();
        return Error::Digest { file: name, found: found.unwrap_or_default(), place };
    }
    if let Some((before, why)) = lines.iter().find_map(|line| line.split_once(" has inconsistent ")) {
        let from = before.rsplit(" from ").next().unwrap_or(before);
        let file = from.split(['#', ' ']).next().unwrap_or(from).rsplit('/').next().unwrap_or(from);
        return Error::Lies { file: file.to_owned(), why: format!("it has another {why}") };
    }
    if let Some(line) = has("Cannot install") {
        let because: Vec<&str> = lines
            .iter()
            .skip_while(|line| !line.contains("The conflict is caused by"))
            .skip(1)
            .map(|line| line.trim())
            .take_while(|line| !line.is_empty() && !line.starts_with("ERROR"))
            .take(8)
            .collect();
        let said = if because.is_empty() { said(line) } else { because.join("; ") };
        return Error::Contradiction { said };
    }
    if let Some(line) = has("Double requirement given") {
        return Error::Contradiction { said: said(line) };
    }
    let unreachable = UNREACHABLE.iter().find_map(|sign| has(sign));
    let versions = lines.iter().find_map(|line| line.split_once("(from versions: ")).map(|(_, rest)| rest);
    let versions: Vec<&str> = versions.map(|rest| rest.trim_end_matches(')').split(", ").collect()).unwrap_or_default();
    if let Some(line) = unreachable.filter(|_| versions.is_empty() || versions == ["none"]) {
        let line = said(line);
        let short = line.rsplit_once("NewConnectionError").map_or(line.as_str(), |(_, rest)| rest);
        return Error::Unreachable { said: short.trim_matches(['(', ')', ':', '\'', '"', ' ', ',']).to_owned() };
    }
    let missing = has("No matching distribution found for")
        .and_then(|line| line.split_once("No matching distribution found for "))
        .or_else(|| has("Could not find a version").and_then(|line| line.split_once("satisfies the requirement ")));
    if let Some((_, requirement)) = missing {
        let requirement = requirement.split(" (from").next().unwrap_or(requirement).trim().to_owned();
        let known = versions.iter().filter(|version| **version != "none");
        let others: Vec<String> = known.map(|version| (*version).to_owned()).collect();
        let others = others.into_iter().rev().take(5).collect();
        return Error::NoWheel { requirement, target, others };
    }
    let errors = lines.iter().filter(|line| line.starts_with("ERROR")).map(|line| said(line));
    let said = errors.collect::<Vec<_>>().join("; ");
    Error::Pip { said: if said.is_empty() { lines.last().cloned().unwrap_or_default() } else { said } }
}

/// A release that its authors have withdrawn, if a line says so: which, and why.
pub(super) fn yanked(lines: &[String]) -> Option<(String, String)> {
    let at = lines.iter().position(|line| line.contains("is a yanked version: "))?;
    let (_, rest) = lines[at].split_once("is a yanked version: ")?;
    // 'thing' candidate (version 1.0 at https://…)
    let name = rest.split('\'').nth(1)?;
    let version = rest.split_once("(version ").and_then(|(_, rest)| rest.split([' ', ')']).next()).unwrap_or_default();
    let reason =
        lines[at..].iter().find_map(|line| line.split_once("Reason for being yanked: ")).map(|(_, why)| why.trim());
    let reason = reason.filter(|why| *why != "<none given>").unwrap_or_default();
    Some((format!("{name} {version}"), reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beanstalk::version::Version;
    use crate::beanstalk::wheel::Machine;

    #[track_caller]
    fn case(text: &str, expected: &str) {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let target = Target { python: Version::new(3, 13), machine: Machine::X86 };
        assert_eq!(error(&lines, target).to_string(), expected);
    }

    #[test]
    fn what_pip_says_is_understood() {
        case(
            "ERROR: Could not find a version that satisfies the requirement mysqlclient==2.2.7 (from versions: none)\nERROR: No matching distribution found for mysqlclient==2.2.7",
            "`mysqlclient==2.2.7` has no wheel for Python 3.13 on x86_64",
        );
        case(
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<x>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/django/\nERROR: Could not find a version that satisfies the requirement Django (from versions: none)\nERROR: No matching distribution found for Django",
            "the package index cannot be reached: <x>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/django/",
        );
        case(
            "ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.\n\nThe conflict is caused by:\n    The user requested b==2\n    a 1 depends on b<2\n\nTo fix this you could try to:",
            "the requirements contradict each other: The user requested b==2; a 1 depends on b<2",
        );
        case(
            "ERROR: HTTP error 401 while getting https://me:pw@packages.invalid/simple/x/",
            "the package index wants other credentials: HTTP error 401 while getting https://…@packages.invalid/simple/x/",
        );
        case(
            "WARNING: Discarding http://x/thing-1.0-py3-none-any.whl#sha256=0: Requested thing from http://x/thing-1.0-py3-none-any.whl#sha256=0 has inconsistent version: expected '1.0', but metadata has '2.0'\nERROR: No matching distribution found for thing",
            "`thing-1.0-py3-none-any.whl` is not what its name says: it has another version: expected '1.0', but metadata has '2.0'",
        );
        case("ERROR: something new", "pip failed: something new");
    }

    #[test]
    fn a_withdrawn_release_is_seen() {
        let lines = [
            "WARNING: The candidate selected for download or install is a yanked version: 'thing' candidate (version 1.0 at https://packages.invalid/thing-1.0-py3-none-any.whl)",
            "Reason for being yanked: broken on Tuesdays",
        ];
        let lines = lines.map(str::to_owned);
        assert_eq!(yanked(&lines), Some(("thing 1.0".to_owned(), "broken on Tuesdays".to_owned())));
        assert_eq!(yanked(&["nothing".to_owned()]), None);
    }
}
