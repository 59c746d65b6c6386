//! What a launch is about: the descriptions that are meant, from files or made.

use super::LaunchArgs;
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::cli::aws::Connected;
use crate::cli::eb_cli_settings;
use crate::cli::environment_args::say_left;
use crate::cli::environments::Environments;
use crate::environment::{self, Description, Property, Tier};
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::release::Target;
use crate::ui::Ui;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("nothing is described in `{}`", environment::FOLDER)]
    Nothing,
    #[error("`{name}` is described nowhere, so nothing can be like it")]
    NoLike { name: String },
    #[error("`{name}` is described, so `{flag}` has nothing to describe")]
    Described { name: String, flag: &'static str },
    #[error("nothing that is described belongs to this account and region")]
    Elsewhere,
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Nothing => Exit::Invalid,
            Self::NoLike { .. } | Self::Described { .. } => Exit::Usage,
            Self::Elsewhere => Exit::Findings,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => {
                "`beansprout launch NAME` describes a new environment and shows what it would be".to_owned()
            }
            Self::NoLike { name } => format!("it would be in `{}`", environment::path(name)),
            Self::Described { name, .. } => format!("change `{}`, or leave the flag out", environment::path(name)),
            Self::Elsewhere => "look at `--profile`, `--region`, and `account` and `region` in the files".to_owned(),
        })
    }
}

/// The descriptions that are meant: from files, or made.
pub(super) fn described(
    args: &LaunchArgs,
    project: &Project,
    environments: &Environments,
) -> Result<Vec<Description>, Failure> {
    if args.all {
        if environments.all().is_empty() {
            return Err(Error::Nothing.into());
        }
        return Ok(environments.all().to_vec());
    }
    let mut all = Vec::new();
    for name in &args.names {
        if let Some(described) = environments.get(name) {
            let flags = [
                ("--like", args.like.is_some()),
                ("--cname", args.cname.is_some()),
                ("--tier", args.tier.is_some()),
                ("--instance-profile", args.instance_profile.is_some()),
            ];
            if let Some((flag, _)) = flags.into_iter().find(|(_, given)| *given) {
                return Err(Error::Described { name: name.to_string(), flag }.into());
            }
            all.push(described.clone());
            continue;
        }
        let mut new = match &args.like {
            Some(other) => environments.get(other).ok_or_else(|| Error::NoLike { name: other.to_string() })?.like(name),
            None => fresh(name, project)?,
        };
        new.cname = args.cname.clone().or(new.cname);
        new.instance_profile = args.instance_profile.clone().or(new.instance_profile);
        match args.tier.as_deref() {
            Some("worker") => new.tier = Tier::Worker,
            Some(_) => new.tier = Tier::Web,
            None => {}
        }
        all.push(new);
    }
    Ok(all)
}

/// A new environment, as far as the project tells what it is.
fn fresh(name: &str, project: &Project) -> Result<Description, Failure> {
    let mut new = Description::new(name);
    let settings = eb_cli_settings::read(project)?;
    let branch = settings.platform().and_then(|platform| platform.branch);
    new.platform = branch.map(|branch| branch.name.to_owned());
    if name.contains("prod") {
        new.tags.insert("stage".to_owned(), "prod".to_owned());
    }
    let answers = &project.config.project.answers;
    let answer = |key: &str| answers.get(key).and_then(toml::Value::as_str).unwrap_or_default();
    if project.config.project.stack.is_some() {
        // What the settings of a generated project take from the environment.
        new.properties.insert("SECRET_KEY".to_owned(), Property::Random(50));
        if matches!(answer("database"), "postgresql" | "mysql") {
            new.properties.insert("DATABASE_URL".to_owned(), Property::Ask);
        }
    }
    if answer("stack") == "worker" || project.config.project.stack.as_deref() == Some("worker") {
        new.tier = Tier::Worker;
    }
    Ok(new)
}

/// Of all that is described, what belongs here; what is left is named.
pub(crate) fn here(descriptions: Vec<Description>, aws: &Connected, ui: &mut Ui) -> Result<Vec<Description>, Failure> {
    let ours = |description: &Description| description.belongs_to(aws.account(), aws.region());
    let (here, left): (Vec<_>, Vec<_>) = descriptions.into_iter().partition(ours);
    say_left(&left.iter().collect::<Vec<_>>(), aws, ui);
    if here.is_empty() { Err(Error::Elsewhere.into()) } else { Ok(here) }
}

pub(crate) fn targets(descriptions: &[Description], project: &Project) -> Result<Vec<Target>, Failure> {
    descriptions
        .iter()
        .map(|description| {
            let application: Application = eb_cli_settings::application(description.application.as_deref(), project)?;
            let name: EnvironmentName = description.name.parse().expect("it was checked when it was read");
            Ok(Target { name, application, description: description.clone() })
        })
        .collect()
}
