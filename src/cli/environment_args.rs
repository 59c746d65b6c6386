//! Options of the verbs that are about one environment: which it is, and how long to look at it.

use std::fmt;
use std::time::Duration;

use clap::Args;

use super::aws::{AwsArgs, Connected, Intent, Place, bundle_store};
use super::environments::Environments;
use super::git::Branch;
use super::{ebcli, git};
use crate::beanstalk::eb_config;
use crate::beanstalk::name::{Application, BadName, EnvironmentName};
use crate::environment::{self, Description};
use crate::fault::{Exit, Failure, Fault};
use crate::project::{EnvironmentSection, FILE, Project};
use crate::release::{DeployRequest, Verb, matches};
use crate::ui::Ui;
use crate::world::World;

/// Environment that is meant.
#[derive(Debug, Args)]
pub(crate) struct EnvironmentArgs {
    /// The environment [default: that of the git branch in `environments/`, `[environments]`, or the EB CLI's settings]
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
    /// Its file, if it has one: where it is, and how releases go there.
    described: Option<Description>,
    section: EnvironmentSection,
}

#[derive(Debug, PartialEq, Eq)]
enum Why {
    Flag,
    /// A branch that its file or `[environments]` names.
    Ours {
        branch: String,
        file: String,
    },
    /// There is no other, and it asks for no branch.
    Only {
        file: String,
    },
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
            Why::Ours { branch, file } => write!(f, ": `{file}` has it for branch `{branch}`"),
            Why::Only { file } => write!(f, ": the only one in `{file}`"),
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
    #[error(
        "`{key}` of `{name}` stands in `[environments.{name}]` of `{FILE}`, and in `[deploy]` of `{}`",
        environment::path(name)
    )]
    Twice { name: String, key: &'static str },
    #[error("`{name}` belongs to account {described}, and these credentials are of {caller}")]
    Account { name: String, described: String, caller: String },
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
        match self {
            Self::NoEnvironment { .. } | Self::Several { .. } | Self::BadName { .. } => Exit::Usage,
            Self::Twice { .. } => Exit::Invalid,
            Self::Account { .. } => Exit::Findings,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoEnvironment { flag, .. } => {
                format!(
                    "name it with `{flag}`, or give it the branch: `branches` in `[deploy]` of `environments/NAME.toml`"
                )
            }
            Self::Several { flag, .. } => format!("name one with `{flag}`"),
            Self::BadName { .. } => format!("correct it in `{FILE}` or `{}`", eb_config::PATH),
            Self::Twice { .. } => {
                "take one of the two away; the file of the environment is the better place".to_owned()
            }
            Self::Account { name, .. } => {
                format!("use that account's `--profile`, or correct `account` in `{}`", environment::path(name))
            }
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
    let environments = Environments::load(project)?;
    let sections = sections(project, environments.all())?;
    let chosen = |name: EnvironmentName, why| ChosenEnvironment {
        described: environments.get(&name).cloned(),
        section: sections.iter().find(|(known, _)| name == *known.as_str()).map(|(_, s)| s.clone()).unwrap_or_default(),
        name,
        why,
    };
    if let Some(name) = named {
        return Ok(chosen(name.clone(), Why::Flag));
    }
    let branch = git::branch(&project.root);
    let found = match ours(&sections, environments.all(), &branch, flag)? {
        Some(found) => Some(found),
        None => theirs(project, &branch)?,
    };
    let (name, why) = found.ok_or(Error::NoEnvironment { branch, flag })?;
    match name.parse() {
        Ok(name) => Ok(chosen(name, why)),
        Err(reason) => Err(Error::BadName { name, reason }.into()),
    }
}

/// How releases go to each environment: what its file says, and `[environments]`. One key stands in one place.
fn sections(project: &Project, described: &[Description]) -> Result<Vec<(String, EnvironmentSection)>, Error> {
    let mut sections: Vec<(String, EnvironmentSection)> =
        project.config.environments.iter().map(|(name, section)| (name.clone(), section.clone())).collect();
    for description in described {
        let deploy = &description.deploy;
        let ours =
            EnvironmentSection { branches: deploy.branches.clone(), timeout: deploy.timeout, settle: deploy.settle };
        let Some((name, theirs)) = sections.iter_mut().find(|(name, _)| *name == description.name) else {
            sections.push((description.name.clone(), ours));
            continue;
        };
        let twice = |key| Error::Twice { name: name.clone(), key };
        if !ours.branches.is_empty() {
            if !theirs.branches.is_empty() {
                return Err(twice("branches"));
            }
            theirs.branches = ours.branches;
        }
        for (key, ours, theirs) in
            [("timeout", ours.timeout, &mut theirs.timeout), ("settle", ours.settle, &mut theirs.settle)]
        {
            if ours.is_some() && theirs.is_some() {
                return Err(twice(key));
            }
            *theirs = ours.or(*theirs);
        }
    }
    Ok(sections)
}

/// What the project itself says.
fn ours(
    sections: &[(String, EnvironmentSection)],
    described: &[Description],
    branch: &Branch,
    flag: &'static str,
) -> Result<Option<(String, Why)>, Error> {
    let file = |name: &str| match described.iter().any(|description| description.name == name) {
        true => environment::path(name),
        false => FILE.to_owned(),
    };
    if let Branch::Named(branch) = branch {
        let has = |section: &EnvironmentSection| section.branches.iter().any(|pattern| matches(pattern, branch));
        let names: Vec<String> =
            sections.iter().filter(|(_, section)| has(section)).map(|(name, _)| name.clone()).collect();
        match names.len() {
            0 => {}
            1 => {
                let chosen = |name: String| (name.clone(), Why::Ours { branch: branch.clone(), file: file(&name) });
                return Ok(names.into_iter().next().map(chosen));
            }
            _ => return Err(Error::Several { branch: branch.clone(), names, flag }),
        }
    }
    Ok(match sections {
        [(name, section)] if section.branches.is_empty() => Some((name.clone(), Why::Only { file: file(name) })),
        _ => None,
    })
}

impl ChosenEnvironment {
    /// Its file, if it has one.
    pub(crate) fn description(&self) -> Option<&Description> {
        self.described.as_ref()
    }

    /// Connect to where it is, in an account that it belongs to.
    pub(crate) fn connect(
        &self,
        aws: &AwsArgs,
        project: &Project,
        intent: Intent,
        world: &World,
        ui: &mut Ui,
    ) -> Result<Connected, Failure> {
        let place = self.described.as_ref().map(Place::of).unwrap_or_default();
        let connected = aws.connect_to(project, &place, intent, world, ui)?;
        belongs(self.described.as_ref(), &connected)?;
        Ok(connected)
    }

    /// Its application: as the flag says, or its file, or the project.
    pub(crate) fn application(&self, flag: Option<&str>, project: &Project) -> Result<Application, ebcli::Error> {
        let described = self.described.as_ref().and_then(|described| described.application.as_deref());
        ebcli::application(flag.or(described), project)
    }
}

/// An environment is not acted upon with the credentials of another account than its file says.
pub(crate) fn belongs(described: Option<&Description>, connected: &Connected) -> Result<(), Failure> {
    let Some(description) = described else { return Ok(()) };
    match (&description.account, connected.account()) {
        (Some(described), Some(caller)) if described != caller => {
            let (described, caller) = (described.clone(), caller.to_owned());
            Err(Error::Account { name: description.name.clone(), described, caller }.into())
        }
        _ => Ok(()),
    }
}

/// Choice of the EB CLI.
fn theirs(project: &Project, branch: &Branch) -> Result<Option<(String, Why)>, ebcli::Error> {
    let Some(branch) = ebcli::branch(branch) else { return Ok(None) };
    let settings = ebcli::read(project)?;
    let why = Why::Theirs { branch: branch.to_owned() };
    Ok(settings.environment(branch).map(|name| (name.to_owned(), why)))
}

/// How long to look: flags first, then what the environment has, then defaults.
pub(crate) fn times(environment: &ChosenEnvironment, watch: &WatchArgs) -> (Duration, Duration) {
    let timeout = watch.timeout.or(environment.section.timeout).unwrap_or(TIMEOUT);
    let settle = watch.settle.or(environment.section.settle).unwrap_or(SETTLE);
    (Duration::from_secs(timeout), Duration::from_secs(settle))
}

/// A request that waits, for an environment that is ready.
pub(crate) fn request(
    project: &Project,
    application: Option<&str>,
    environment: &ChosenEnvironment,
    watch: &WatchArgs,
    label: String,
) -> Result<DeployRequest, Failure> {
    let (timeout, settle) = times(environment, watch);
    Ok(DeployRequest {
        application: environment.application(application, project)?,
        environment: environment.name.clone(),
        label,
        verb: Verb::Deploy,
        take_over: false,
        when_ready: false,
        wait: true,
        timeout,
        settle,
        bundle_store: Some(bundle_store(project, None)),
        runs: Some(project.state()?.folder("operations")?),
        steps: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(settings: &str, branch: Branch) -> Result<Option<String>, Error> {
        let config = toml::from_str(settings).unwrap();
        let project = Project { root: "/nowhere".into(), configured: true, config };
        said(&project, &[], branch)
    }

    fn said(project: &Project, described: &[Description], branch: Branch) -> Result<Option<String>, Error> {
        let sections = sections(project, described)?;
        let chosen = ours(&sections, described, &branch, "--env")?;
        Ok(chosen.map(|(name, why)| {
            let section = EnvironmentSection::default();
            ChosenEnvironment { name: name.parse().unwrap(), why, described: None, section }.to_string()
        }))
    }

    #[test]
    fn a_branch_has_its_environment() {
        let two = "[environments.shop-prod]\nbranches = ['main']\n[environments.shop-test]\nbranches = ['feature/*']\n";
        let on = |branch: &str| Branch::Named(branch.to_owned());
        let told = |text: &str| Some(text.to_owned());
        assert_eq!(
            chosen(two, on("main")).unwrap(),
            told("environment `shop-prod`: `beansprout.toml` has it for branch `main`")
        );
        assert_eq!(
            chosen(two, on("feature/x")).unwrap(),
            told("environment `shop-test`: `beansprout.toml` has it for branch `feature/x`")
        );
        assert_eq!(chosen(two, on("other")).unwrap(), None);
        assert_eq!(chosen(two, Branch::Detached).unwrap(), None);
        let only = "[environments.shop-prod]\nsettle = 1\n";
        assert_eq!(
            chosen(only, Branch::NoGit).unwrap(),
            told("environment `shop-prod`: the only one in `beansprout.toml`")
        );
        // One that is for a branch is not for all others.
        assert_eq!(chosen("[environments.shop-prod]\nbranches = ['main']\n", on("other")).unwrap(), None);
        let both = "[environments.shop-a]\nbranches = ['*']\n[environments.shop-b]\nbranches = ['main']\n";
        assert_eq!(
            chosen(both, on("main")).unwrap_err().to_string(),
            "branch `main` has several environments: `shop-a`, `shop-b`"
        );
    }

    #[test]
    fn a_description_has_branches_too_and_no_key_stands_twice() {
        let described = |rest: &str| {
            let text = format!("format = 'beansprout.environment/1'\n[deploy]\n{rest}\n");
            [Description::read("shop-prod", "x", &text).unwrap()]
        };
        let project =
            |text: &str| Project { root: "/nowhere".into(), configured: true, config: toml::from_str(text).unwrap() };
        let main = Branch::Named("main".to_owned());
        let one = said(&project(""), &described("branches = ['main']"), main.clone()).unwrap();
        assert_eq!(
            one.as_deref(),
            Some("environment `shop-prod`: `environments/shop-prod.toml` has it for branch `main`")
        );
        let both = project("[environments.shop-prod]\nbranches = ['main']\nsettle = 5\n");
        assert!(said(&both, &described("timeout = 9"), main.clone()).unwrap().is_some());
        for twice in ["branches = ['x']", "settle = 6"] {
            let error = said(&both, &described(twice), main.clone()).unwrap_err();
            assert_eq!(error.exit(), Exit::Invalid);
            assert!(error.to_string().contains("`[environments.shop-prod]` of `beansprout.toml`"), "{error}");
        }
    }
}
