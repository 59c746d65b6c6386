//! Options of the verbs that are about one environment: which it is, and how long to look at it.

use std::fmt;
use std::time::Duration;

use clap::Args;

use super::aws::{AwsArgs, bundle_store};
use super::git::Branch;
use super::{ebcli, git};
use crate::beanstalk::eb_config;
use crate::beanstalk::name::{BadName, EnvironmentName};
use crate::fault::{Exit, Failure, Fault};
use crate::project::{EnvironmentSection, FILE, Project};
use crate::release::{DeployRequest, matches};
use crate::ui::Ui;

/// Environment that is meant.
#[derive(Debug, Args)]
pub(crate) struct EnvironmentArgs {
    /// The environment [default: that of the git branch in `[environments]`, or in the EB CLI's settings]
    #[arg(long = "env", value_name = "NAME")]
    pub(crate) environment: Option<EnvironmentName>,
    /// The Elastic Beanstalk application [default: `application` in `[release]`, or the project's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) application: Option<String>,
}

/// Time to look.
#[derive(Debug, Default, Args)]
pub(crate) struct WatchArgs {
    /// Stop watching after this long [default: `timeout` of the environment, or 1800]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
    /// Let a ready environment take this long to become healthy [default: `settle` of the environment, or 180]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) settle: Option<u64>,
}

/// A rolling deployment over several batches takes this long.
pub(crate) const TIMEOUT: u64 = 1800;
/// Health follows within a few reports.
pub(crate) const SETTLE: u64 = 180;

/// Options of moving an environment to another version.
#[derive(Debug, Args)]
pub(crate) struct MoveArgs {
    #[command(flatten)]
    pub(crate) target: EnvironmentArgs,
    #[command(flatten)]
    pub(crate) watch: WatchArgs,
    /// If the environment is busy, wait until it is ready instead of refusing
    #[arg(long)]
    pub(crate) when_ready: bool,
    /// Print the calls that would change something, and make none of them
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) aws: AwsArgs,
}

/// An environment, and who chose it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChosenEnvironment {
    pub(crate) name: EnvironmentName,
    why: Why,
}

#[derive(Debug, PartialEq, Eq)]
enum Why {
    Flag,
    /// A branch that `[environments]` names.
    Ours {
        branch: String,
    },
    /// `[environments]` has no other, and asks for no branch.
    Only,
    /// A branch, or `default`, of the EB CLI's settings.
    Theirs {
        branch: String,
    },
}

impl ChosenEnvironment {
    /// Where nobody typed it, say which it is, and why.
    pub(crate) fn say(&self, ui: &mut Ui) {
        if self.why != Why::Flag {
            ui.say(self);
        }
    }
}

impl fmt::Display for ChosenEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "environment `{}`", self.name)?;
        match &self.why {
            Why::Flag => Ok(()),
            Why::Ours { branch } => write!(f, ": `{FILE}` has it for branch `{branch}`"),
            Why::Only => write!(f, ": the only one in `{FILE}`"),
            Why::Theirs { branch } => write!(f, ": `{}` has it for branch `{branch}`", eb_config::PATH),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("no environment is chosen{}", here(.branch))]
    NoEnvironment { branch: Branch, flag: &'static str },
    #[error("branch `{branch}` has several environments: `{}`", .names.join("`, `"))]
    Several { branch: String, names: Vec<String>, flag: &'static str },
    #[error("`{name}` cannot be an environment: {reason}")]
    BadName { name: String, reason: BadName },
}

fn here(branch: &Branch) -> String {
    match branch {
        Branch::Named(name) => format!(" for branch `{name}`"),
        Branch::Detached => ": the work tree is on no branch".to_owned(),
        Branch::NoGit => String::new(),
    }
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoEnvironment { flag, .. } => {
                format!("name it with `{flag}`, or give it the branch: `branches` in `[environments.NAME]` of `{FILE}`")
            }
            Self::Several { flag, .. } => format!("name one with `{flag}`"),
            Self::BadName { .. } => format!("correct it in `{FILE}` or `{}`", eb_config::PATH),
        })
    }
}

impl EnvironmentArgs {
    /// The environment that is meant.
    pub(crate) fn choose(&self, project: &Project) -> Result<ChosenEnvironment, Failure> {
        choose("--env", self.environment.as_ref(), project)
    }
}

/// The environment that `flag` names, or the one that the project's settings have for the branch that it is on.
pub(crate) fn choose(
    flag: &'static str,
    named: Option<&EnvironmentName>,
    project: &Project,
) -> Result<ChosenEnvironment, Failure> {
    if let Some(name) = named {
        return Ok(ChosenEnvironment { name: name.clone(), why: Why::Flag });
    }
    let branch = git::branch(&project.root);
    let chosen = match ours(project, &branch, flag)? {
        Some(chosen) => Some(chosen),
        None => theirs(project, &branch)?,
    };
    let (name, why) = chosen.ok_or(Error::NoEnvironment { branch, flag })?;
    match name.parse() {
        Ok(name) => Ok(ChosenEnvironment { name, why }),
        Err(reason) => Err(Error::BadName { name, reason }.into()),
    }
}

/// Choice of `[environments]`.
fn ours(project: &Project, branch: &Branch, flag: &'static str) -> Result<Option<(String, Why)>, Error> {
    let environments = &project.config.environments;
    if let Branch::Named(branch) = branch {
        let has = |section: &EnvironmentSection| section.branches.iter().any(|pattern| matches(pattern, branch));
        let names: Vec<String> =
            environments.iter().filter(|(_, section)| has(section)).map(|(name, _)| name.clone()).collect();
        match names.len() {
            0 => {}
            1 => {
                let why = Why::Ours { branch: branch.clone() };
                return Ok(names.into_iter().next().map(|name| (name, why)));
            }
            _ => return Err(Error::Several { branch: branch.clone(), names, flag }),
        }
    }
    let mut all = environments.iter();
    Ok(match (all.next(), all.next()) {
        (Some((name, section)), None) if section.branches.is_empty() => Some((name.clone(), Why::Only)),
        _ => None,
    })
}

/// Choice of the EB CLI.
fn theirs(project: &Project, branch: &Branch) -> Result<Option<(String, Why)>, ebcli::Error> {
    let Some(branch) = ebcli::branch(branch) else { return Ok(None) };
    let settings = ebcli::read(project)?;
    let why = Why::Theirs { branch: branch.to_owned() };
    Ok(settings.environment(branch).map(|name| (name.to_owned(), why)))
}

/// A request that waits, for an environment that is ready.
pub(crate) fn request(
    project: &Project,
    application: Option<&str>,
    environment: &ChosenEnvironment,
    watch: &WatchArgs,
    label: String,
) -> Result<DeployRequest, Failure> {
    let section = project.config.environments.get(environment.name.as_str());
    let timeout = watch.timeout.or_else(|| section?.timeout).unwrap_or(TIMEOUT);
    let settle = watch.settle.or_else(|| section?.settle).unwrap_or(SETTLE);
    Ok(DeployRequest {
        application: ebcli::application(application, project)?,
        environment: environment.name.clone(),
        label,
        when_ready: false,
        wait: true,
        timeout: Duration::from_secs(timeout),
        settle: Duration::from_secs(settle),
        bundle_store: Some(bundle_store(project, None)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(settings: &str, branch: Branch) -> Result<Option<String>, Error> {
        let config = toml::from_str(settings).unwrap();
        let project = Project { root: "/nowhere".into(), configured: true, config };
        let chosen = ours(&project, &branch, "--env")?;
        Ok(chosen.map(|(name, why)| ChosenEnvironment { name: name.parse().unwrap(), why }.to_string()))
    }

    #[test]
    fn a_branch_has_its_environment() {
        let two = "[environments.shop-prod]\nbranches = ['main']\n[environments.shop-test]\nbranches = ['feature/*']\n";
        let on = |branch: &str| Branch::Named(branch.to_owned());
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(
            chosen(two, on("main")).unwrap(),
            said("environment `shop-prod`: `beansprout.toml` has it for branch `main`")
        );
        assert_eq!(
            chosen(two, on("feature/x")).unwrap(),
            said("environment `shop-test`: `beansprout.toml` has it for branch `feature/x`")
        );
        assert_eq!(chosen(two, on("other")).unwrap(), None);
        assert_eq!(chosen(two, Branch::Detached).unwrap(), None);
        let only = "[environments.shop-prod]\nsettle = 1\n";
        assert_eq!(
            chosen(only, Branch::NoGit).unwrap(),
            said("environment `shop-prod`: the only one in `beansprout.toml`")
        );
        // One that is for a branch is not for all others.
        assert_eq!(chosen("[environments.shop-prod]\nbranches = ['main']\n", on("other")).unwrap(), None);
        let both = "[environments.shop-a]\nbranches = ['*']\n[environments.shop-b]\nbranches = ['main']\n";
        assert_eq!(
            chosen(both, on("main")).unwrap_err().to_string(),
            "branch `main` has several environments: `shop-a`, `shop-b`"
        );
    }
}
