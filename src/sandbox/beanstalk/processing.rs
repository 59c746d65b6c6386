//! The service's own reading of a bundle, before an instance sees it: its size, that it is a zip file, and the
//! configuration files in it.
//!
//! The sentences about configuration files and about the size are those that people quote from AWS. AWS says what is
//! wrong in events only, never in an answer.

use std::path::Path;

use super::super::environment::{Setting, Settings};
use super::super::event::Severity;
use crate::beanstalk::config_file::{ConfigFile, Fate, OptionSetting, ProblemKind};
use crate::beanstalk::customizations::EXTENSIONS;
use crate::beanstalk::yaml;
use crate::bundle::{OpenError, Reader};

/// The service takes no larger bundle.
pub(super) const LARGEST: u64 = 524_288_000;
/// No configuration file is near this.
const LARGEST_FILE: u64 = 16_000_000;
const MANIFEST: &str = "env.yaml";
/// Files that the Docker platforms take without a zip file around them.
const ALONE: [&str; 3] = ["Dockerfile", "Dockerrun.aws.json", "docker-compose.yml"];

/// Findings about a version's files: an error ends what is under way, a warning does not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings(pub(super) Vec<(Severity, String)>);

impl Findings {
    pub(super) fn reject(&self) -> bool {
        self.0.iter().any(|(severity, _)| *severity == Severity::Error)
    }

    pub(super) fn error(message: String) -> Self {
        Self(vec![(Severity::Error, message)])
    }
}

/// Look into the object at `key`, whose bytes are in `file`, for the version `label`.
pub(super) fn process(file: &Path, key: &str, label: &str) -> Findings {
    let refused = |reason: String| {
        Findings::error(format!("The source bundle {key} of application version {label} cannot be processed. {reason}"))
    };
    if ALONE.iter().any(|name| key.ends_with(name)) {
        return Findings::default();
    }
    match configuration(file, label) {
        Ok(reading) => reading.findings,
        Err(OpenError::Zip { source, .. }) => refused(format!("It is not a zip file that can be read: {source}.")),
        Err(OpenError::Entry { name, source, .. }) => refused(format!("{name} cannot be read: {source}.")),
        Err(error) => refused(format!("{error}.")),
    }
}

/// Findings in a version's files, and the options that they set.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) findings: Findings,
    pub(super) settings: Settings,
}

/// A deployment's reading before it touches an instance. A bundle that is no zip file fails later, on the instance.
pub(super) fn deploy(file: &Path, label: &str) -> Reading {
    configuration(file, label).unwrap_or_default()
}

fn configuration(file: &Path, label: &str) -> Result<Reading, OpenError> {
    let parents = |path: &str| path.rsplit('/').nth(1) == Some(EXTENSIONS);
    let wanted = |path: &str| path == MANIFEST || path.ends_with(".config") && parents(path);
    let files = Reader::open(file)?.files(wanted, LARGEST_FILE)?;
    let mut reading = Reading::default();
    for (path, content) in &files {
        if path == MANIFEST {
            reading.findings.0.extend(manifest(content, label));
            continue;
        }
        let file = ConfigFile::parse(path, content);
        // Settings are those of the folder at the top, in the order of its files' names.
        if matches!(file.fate(), Fate::Read) && path.split('/').count() == 2 {
            file.option_settings.iter().for_each(|option| reading.settings.set(setting(option)));
        }
        reading.findings.0.extend(config_file(&file, label));
    }
    Ok(reading)
}

fn setting(option: &OptionSetting) -> Setting {
    Setting {
        namespace: option.namespace.value.clone(),
        resource: option.resource_name.as_ref().map(|name| name.value.clone()),
        name: option.name.value.clone(),
        value: option.value.value.clone(),
    }
}

fn config_file(file: &ConfigFile, label: &str) -> Option<(Severity, String)> {
    let path = &file.path;
    match file.fate() {
        Fate::Read => None,
        Fate::Skipped { key } => Some((
            Severity::Warn,
            format!(
                "Error processing file (Skipping): '{path}' - Contains invalid key: '{key}'. For information about valid keys, see http://docs.aws.amazon.com/elasticbeanstalk/latest/dg/ebextensions.html"
            ),
        )),
        Fate::Rejected { problem } => Some((
            Severity::Error,
            match &problem.kind {
                ProblemKind::Shape { .. } => format!(
                    "Each option setting in configuration file {path} in application version {label} must be a map. Update each option setting in the configuration file."
                ),
                kind => {
                    let what = match kind {
                        ProblemKind::Syntax(problem) => problem.to_string(),
                        ProblemKind::Encoding(error) => error.to_string(),
                        ProblemKind::NotAMap { found } => format!("it is {found}, not a map"),
                        _ => "it cannot be read".to_owned(),
                    };
                    invalid(path, label, &what, file.line(&problem.span))
                }
            },
        )),
    }
}

/// The environment manifest. Only its form is looked at.
fn manifest(content: &[u8], label: &str) -> Option<(Severity, String)> {
    let text = String::from_utf8_lossy(content);
    let (what, at) = match yaml::parse(&text) {
        Err(error) => (error.problem.to_string(), error.span.start),
        Ok(Some(root)) if root.mapping().is_none() => (format!("it is {}, not a map", root.noun()), root.span.start),
        Ok(_) => return None,
    };
    let line = text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    Some((Severity::Error, invalid(MANIFEST, label, &what, line)))
}

fn invalid(path: &str, label: &str, what: &str, line: usize) -> String {
    format!(
        "The configuration file {path} in application version {label} contains invalid YAML or JSON. YAML exception: Invalid Yaml: {what}, line {line}. Update the configuration file."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(path: &str, content: &str, severity: Option<Severity>, says: &str) {
        let found = match path {
            MANIFEST => manifest(content.as_bytes(), "v1"),
            _ => config_file(&ConfigFile::parse(path, content.as_bytes()), "v1"),
        };
        assert_eq!(found.as_ref().map(|(severity, _)| *severity), severity, "{found:?}");
        let message = found.map(|(_, message)| message).unwrap_or_default();
        assert!(message.contains(says), "{message}");
    }

    #[test]
    fn a_configuration_file_is_read_passed_over_or_refused() {
        const FILE: &str = ".ebextensions/a.config";
        case(FILE, "commands: {}\n", None, "");
        case(
            FILE,
            "Commands: {}\n",
            Some(Severity::Warn),
            "(Skipping): '.ebextensions/a.config' - Contains invalid key: 'Commands'",
        );
        case(FILE, "commands:\n\t- x\n", Some(Severity::Error), "contains invalid YAML or JSON");
        case(FILE, "commands:\n\t- x\n", Some(Severity::Error), "line 2. Update the configuration file.");
        case(FILE, "option_settings:\n  - word\n", Some(Severity::Error), "must be a map");
        case(FILE, "just words\n", Some(Severity::Error), "not a map");
    }

    #[test]
    fn the_manifest_must_be_a_map() {
        case(MANIFEST, "AWSConfigurationTemplateVersion: 1.1.0.0\n", None, "");
        case(MANIFEST, "- a\n", Some(Severity::Error), "env.yaml in application version v1 contains invalid YAML");
    }

    #[test]
    fn a_lone_descriptor_needs_no_zip_file_around_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("object");
        std::fs::write(&file, "FROM python:3.13\n").unwrap();
        assert_eq!(process(&file, "shop/Dockerfile", "v1"), Findings::default());
        let findings = process(&file, "shop/1.tar.gz", "v1");
        assert!(findings.reject() && findings.0[0].1.contains("not a zip file"), "{findings:?}");
        assert!(!deploy(&file, "v1").findings.reject(), "that shows on the instance");
    }
}
