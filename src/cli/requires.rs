//! `requires` of `[deploy]`: a release goes to an environment when it ran well in others.

use super::aws::{AwsArgs, Connected, Intent, Place, bundle_store};
use super::eb_cli_settings;
use super::environments::Environments;
use crate::beanstalk::name::EnvironmentName;
use crate::environment::{self, Description};
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::release;
use crate::ui::{Ui, ticked};
use crate::world::World;

#[derive(Debug, thiserror::Error)]
#[error("`{label}` does not go to `{name}`: nothing says that it ran well in {}", ticked(missing))]
struct NotYet {
    name: String,
    label: String,
    missing: Vec<String>,
}

impl Fault for NotYet {
    fn exit(&self) -> Exit {
        Exit::Findings
    }

    fn hint(&self) -> Option<String> {
        let first = self.missing.first()?;
        Some(format!(
            "`beansprout deploy {} --env {first}`, and let it end well; `requires` in `{}` asks for it",
            self.label,
            environment::path(&self.name)
        ))
    }
}

/// See that a version ran well wherever the environment's file requires it.
pub(crate) fn require(
    description: Option<&Description>,
    label: &str,
    aws: &Connected,
    flags: &AwsArgs,
    project: &Project,
    world: &World,
    ui: &mut Ui,
) -> Result<(), Failure> {
    let Some(description) = description.filter(|description| !description.deploy.requires.is_empty()) else {
        return Ok(());
    };
    let names = description.deploy.requires.iter();
    let names: Vec<EnvironmentName> =
        names.map(|name| name.parse().expect("it was checked when it was read")).collect();
    let environments = Environments::of(project, &names.iter().collect::<Vec<_>>())?;
    let mut missing = Vec::new();
    for name in names {
        let there = environments.get(&name);
        let named = there.or(Some(description)).and_then(|there| there.application.as_deref());
        let application = eb_cli_settings::application(named, project)?;
        let store = bundle_store(project, None);
        let place = there.map(Place::of).unwrap_or_default();
        let here = there.is_none_or(|there| there.belongs_to(aws.account(), aws.region()));
        let ran = if here {
            release::ran_well(aws, &store, &application, &name, label)?
        } else {
            let elsewhere = flags.at(&place).connect_to(project, &place, Intent::DryRun, world, ui)?;
            release::ran_well(&elsewhere, &store, &application, &name, label)?
        };
        if !ran {
            missing.push(name.to_string());
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(NotYet { name: description.name.clone(), label: label.to_owned(), missing }.into())
}
