//! `beansprout.toml`: what may stand in it, and its reader.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::bundle::{self, Suspicion};
use crate::fault::{Exit, Fault};
use crate::secret;

/// `beansprout.toml`, exactly as typed: defaults are resolved by whoever uses a section.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub project: ProjectSection,
    pub bundle: BundleSection,
    pub release: ReleaseSection,
    pub prune: PruneSection,
    pub environments: BTreeMap<String, EnvironmentSection>,
    pub check: CheckSection,
}

/// `[project]`: its name, and how it was generated.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectSection {
    pub name: Option<String>,
    pub stack: Option<String>,
    pub answers: BTreeMap<String, toml::Value>,
}

/// `[bundle]`: what ships.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BundleSection {
    /// `worktree`, `index` or a git revision.
    pub source: Option<String>,
    /// Folders outside the project that ship with it: where in the bundle, and where they are.
    pub include: BTreeMap<String, PathBuf>,
    /// Patterns in the manner of `.gitignore`, relative to the project.
    pub exclude: Vec<String>,
    /// Names that the packager would refuse and this project wants all the same, such as `db.sqlite3`.
    pub allow: Vec<String>,
    /// Secrets that may ship, each by the name that the refusal gives it, which is another when the value is.
    #[serde(rename = "allow-secret")]
    pub allow_secret: Vec<String>,
    /// Is what probably is a secret warned of, or refused?
    pub secrets: Suspicion,
    /// Largest archive in bytes.
    pub max_bytes: Option<u64>,
}

/// `[release]`: where versions go.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReleaseSection {
    pub application: Option<String>,
    pub region: Option<String>,
    pub profile: Option<String>,
    pub bucket: Option<String>,
    /// The account that owns the bucket, if it is not the one that publishes.
    pub bucket_owner: Option<String>,
    /// The KMS key that bundles are encrypted with, instead of the bucket's own way.
    pub kms_key: Option<String>,
    pub prefix: Option<String>,
    /// Copy inside S3 what an older bundle has already, and send only the rest: yes, unless this says no.
    pub delta: Option<bool>,
    /// Keep a record of each run that changed something in the bucket too.
    pub audit: bool,
    /// What `publish` does about findings of `check`.
    pub check: OnFindings,
    pub tags: BTreeMap<String, String>,
}

/// What a publication does about what `check` finds in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFindings {
    /// Say it, and go on.
    #[default]
    Warn,
    /// Say it, and send nothing.
    Error,
    /// Do not look.
    Off,
}

/// `[prune]`: what deleting versions must leave.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PruneSection {
    pub keep: Option<u32>,
    pub keep_days: Option<u32>,
    pub keep_labels: Vec<String>,
}

/// `[environments.NAME]`: when this environment is meant, and how long it takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnvironmentSection {
    /// The git branches that are deployed to it; `*` stands for anything.
    pub branches: Vec<String>,
    /// Seconds that a deployment may take.
    pub timeout: Option<u64>,
    /// Seconds that it may take to become healthy after it is ready.
    pub settle: Option<u64>,
}

/// `[check]`: findings that this project has decided to live with, and why.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckSection {
    pub suppress: Vec<Suppression>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    pub rule: String,
    pub path: Option<String>,
    pub reason: String,
}

impl Config {
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let config: Self = toml::from_str(&text)
            .map_err(|source| Error::Config { path: path.to_owned(), source: Box::new(source) })?;
        match config.mistake() {
            Some((key, value, why)) => {
                let value = if value.is_empty() { "\"\"".to_owned() } else { value.escape_debug().to_string() };
                Err(Error::Value { path: path.to_owned(), key, value, why })
            }
            None => Ok(config),
        }
    }

    /// A value that is of the right type and yet means nothing, or something that nobody can mean.
    fn mistake(&self) -> Option<(&'static str, &str, &'static str)> {
        let is_path = |text: &str| {
            let parts = text.trim_matches('/').split('/');
            text.is_empty()
                || parts.clone().all(|part| !matches!(part, "" | "." | "..")) && !text.contains(char::is_control)
        };
        let unnamed = self.bundle.allow_secret.iter().find(|name| !secret::is_name(name));
        if let Some(name) = unnamed {
            return Some(("bundle.allow-secret", name, "is no name of a secret, which is `sha256:` and 64 digits"));
        }
        if let Some(prefix) = self.release.prefix.as_ref().filter(|prefix| !is_path(prefix)) {
            return Some(("release.prefix", prefix, "is no prefix of keys: no part of it may be empty, `.` or `..`"));
        }
        self.bundle.include.iter().find_map(|(at, dir)| {
            let why = match at.as_str() {
                "" => "names no folder of the bundle: everything would be in two places",
                at if !is_path(at) || bundle::never_ships(at) => "is no place in a bundle, or one that never ships",
                _ if dir.as_os_str().is_empty() => "is to have the files of a folder without a name",
                _ => return None,
            };
            Some(("bundle.include", at.as_str(), why))
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is not what beansprout expects", path.display())]
    Config { path: PathBuf, source: Box<toml::de::Error> },
    #[error("`{value}` in `{key}` of `{}` {why}", path.display())]
    Value { path: PathBuf, key: &'static str, value: String, why: &'static str },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::Value { .. } => Some("correct that value".to_owned()),
            Self::Config { .. } => {
                Some("correct that line; unknown keys are refused so that a typo cannot go unnoticed".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_page_shows_every_section() {
        let page = include_str!("../../docs/src/reference/beansprout-toml.md");
        let example = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let config: Config = toml::from_str(example).unwrap();
        assert_eq!(config.project.name.as_deref(), Some("shop"));
        assert_eq!(config.environments["shop-prod"].branches, ["main"]);
        assert_eq!(config.check.suppress[0].rule, "EB030");
    }

    #[test]
    fn an_include_names_two_folders() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("beansprout.toml");
        let mistake = |line: &str| {
            std::fs::write(&path, format!("[bundle.include]\n{line}\n")).unwrap();
            Config::read(&path).err().map(|error| error.to_string())
        };
        let said = mistake("\"\" = \"../libs\"").unwrap();
        assert!(
            said.contains("`\"\"` in `bundle.include`") && said.contains("names no folder of the bundle"),
            "{said}"
        );
        let said = mistake("libs = \"\"").unwrap();
        assert!(said.contains("`libs` in `bundle.include`") && said.contains("a folder without a name"), "{said}");
        assert!(mistake("\"/\" = \"../libs\"").is_some());
        assert_eq!(mistake("libs = \"../libs\""), None);
    }

    #[test]
    fn a_mistyped_key_is_named_with_its_line() {
        let error = toml::from_str::<Config>("[release]\n\naplication = 'x'").unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
        assert!(error.contains("aplication"), "{error}");
    }
}
