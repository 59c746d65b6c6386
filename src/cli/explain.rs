//! `explain`: what runs when on the instance, and what a rule or an option is about.

mod event;
mod page;
mod thing;
mod topic;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::timeline::{Event, Timeline};
use crate::beanstalk::tree::Tree;
use crate::bundle::{Plan, Scope};
use crate::check::{self, Settings};
use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::project::{IsOutput, Project};
use crate::ui::{OutputFormat, Ui, ticked};
use crate::world::World;

use super::package::ScopeArgs;

/// Show what runs when, or what a rule or option is about
///
/// Without TOPIC: every step that an instance goes through, with what of this project runs there, as whom, and what a failure does.
/// TOPIC is a rule such as EB031, an option such as Timeout, a namespace such as aws:elasticbeanstalk:command, or something
/// of this project by its name or path, such as 10_migrate or .platform/hooks/predeploy/10_static.sh.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  beansprout explain                        # a new version is deployed
  beansprout explain --event config         # an environment property changes
  beansprout explain --html timeline.html   # all four events as one page
  beansprout explain DeploymentPolicy
  beansprout explain EB031")]
pub(crate) struct ExplainArgs {
    /// A rule, an option, a namespace, or something of this project
    #[arg(conflicts_with_all = ["event", "html"])]
    topic: Option<String>,
    /// What happens to the environment
    #[arg(long, value_enum, default_value_t = EventArg::Deploy, conflicts_with = "html")]
    event: EventArg,
    /// Draw all events on one page, which needs nothing but itself
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    scope: ScopeArgs,
}

/// An [`Event`], as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EventArg {
    /// The environment is created: its first instances start
    Launch,
    /// A new application version on running instances
    Deploy,
    /// Only configuration changes, such as an environment property
    Config,
    /// Auto Scaling adds or replaces an instance
    ScaleOut,
}

impl From<EventArg> for Event {
    fn from(event: EventArg) -> Self {
        match event {
            EventArg::Launch => Self::Launch,
            EventArg::Deploy => Self::Deploy,
            EventArg::Config => Self::Config,
            EventArg::ScaleOut => Self::ScaleOut,
        }
    }
}

pub(crate) fn explain(args: &ExplainArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let scope = args.scope.scope(&project, world);
    if let Some(topic) = &args.topic {
        topic::explain(topic, &project, &scope, ui)?;
        return Ok(Exit::Done);
    }
    let plan = Plan::read(&scope)?;
    if let Err(none) = project.found(&plan) {
        ui.warn(format_args!("{none}; this is what happens to any"));
    }
    let tree = super::check::tree(&project, &plan)?;
    let customizations = Customizations::read(&tree);
    if let Some(html) = &args.html {
        let path = world.resolve(html);
        let timelines: Vec<Timeline> =
            Event::ALL.into_iter().map(|event| Timeline::new(&customizations, event)).collect();
        let page = page::html(&project.name(), &timelines);
        project.refuse_replacing(&[(path.as_path(), page::is_page as IsOutput)], Some(&plan), world)?;
        file::write_named(&path, page.as_bytes())?;
        ui.answer(&page::Drawn { path: path.display().to_string(), bytes: page.len() });
        return Ok(Exit::Done);
    }
    let timeline = event::Explained(Timeline::new(&customizations, args.event.into()));
    match ui.output_format() {
        OutputFormat::Json => ui.answer(&timeline),
        OutputFormat::People => {
            ui.report(timeline.paint(ui.out(), ui.columns()));
            if let Some(line) = unread(&tree) {
                ui.report(line);
            }
        }
    }
    Ok(Exit::Done)
}

/// What lies where Elastic Beanstalk looks, and is passed over without a word.
fn unread(tree: &Tree) -> Option<String> {
    /// Files that are not read, with the wrong ending, or in a folder that is looked for elsewhere.
    const RULES: [&str; 3] = ["EB094", "EB140", "EB215"];
    let report = check::run(tree, &Settings::default());
    let mut paths: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| RULES.contains(&finding.rule))
        .map(|finding| finding.path.as_str())
        .collect();
    paths.dedup();
    (!paths.is_empty())
        .then(|| format!("not looked at: {}; `beansprout check` says why", ticked(paths.iter().copied())))
}

/// What of the project takes part in a deployment.
fn read(project: &Project, scope: &Scope) -> Result<Customizations, Failure> {
    Ok(Customizations::read(&super::check::tree(project, &Plan::read(scope)?)?))
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`{topic}` is not a rule, an option, a namespace, or anything of this project")]
    UnknownTopic { topic: String, near: Option<String> },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownTopic { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Self::UnknownTopic { near: None, .. } => {
                Some("rules look like `EB031`, options like `DeploymentPolicy`; `beansprout explain aws:` lists the namespaces".to_owned())
            }
        }
    }
}
