//! Which environment is meant where nobody names one: what descriptions, `[environments]` and the EB CLI's settings say.

use std::fmt;

use crate::beanstalk::eb_config;
use crate::beanstalk::name::{BadName, EnvironmentName};
use crate::cli::environments::Environments;
use crate::cli::git::Branch;
use crate::cli::{eb_cli_settings, git};
use crate::environment::{self, Description};
use crate::fault::{Exit, Failure, Fault};
use crate::project::{EnvironmentSection, FILE, Project};
use crate::release::matches;
use crate::ui::Ui;

/// An environment, and who chose it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChosenEnvironment {
    pub(crate) name: EnvironmentName,
    pub(super) why: Why,
    /// Its file, if it has one: where it is, and how releases go there.
    pub(super) described: Option<Description>,
    pub(super) section: EnvironmentSection,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Why {
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
        })
    }
}

/// The environment that `flag` names, or the one that the project's settings have for the branch that it is on.
pub(crate) fn choose(
    flag: &'static str,
    named: Option<&EnvironmentName>,
    project: &Project,
) -> Result<ChosenEnvironment, Failure> {
    let environments = match named {
        Some(name) => Environments::of(project, &[name])?,
        None => Environments::load(project)?,
    };
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

/// Choice of the EB CLI.
fn theirs(project: &Project, branch: &Branch) -> Result<Option<(String, Why)>, eb_cli_settings::Error> {
    let Some(branch) = eb_cli_settings::branch(branch) else { return Ok(None) };
    let settings = eb_cli_settings::read(project)?;
    let why = Why::Theirs { branch: branch.to_owned() };
    Ok(settings.environment(branch).map(|name| (name.to_owned(), why)))
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
