//! `drill end`: how a rehearsal on AWS ends. A person does it; this prints the lines, and looks until nothing lives.

use std::fmt;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::cli::aws::{AwsArgs, Intent};
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::release::{self, LeftDrill};
use crate::ui::{Answer, Ui, count};
use crate::world::World;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  beansprout drill end\n  beansprout drill end a1b2c3 --watch 900")]
pub(super) struct EndArgs {
    /// The drill [default: all]
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Look until none of it lives, or this long
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    watch: u64,
    #[command(flatten)]
    aws: AwsArgs,
}

/// Between two looks.
const LOOK: Duration = Duration::from_secs(5);

pub(super) fn verb(args: &EndArgs, project: &Project, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let aws = args.aws.connect(project, Intent::DryRun, world, ui)?;
    let began = world.now();
    let lives = |left: &[LeftDrill]| left.iter().any(|left| !left.environments.is_empty());
    let mut left = release::left_drills(&aws, args.id.as_deref())?;
    if args.watch > 0 && lives(&left) {
        for line in left.iter().flat_map(|left| &left.ending) {
            ui.say(format_args!("  {line}"));
        }
    }
    while lives(&left) && world.now().duration_since(began).as_secs() < i64::try_from(args.watch).unwrap_or(i64::MAX) {
        std::thread::sleep(LOOK);
        left = release::left_drills(&aws, args.id.as_deref())?;
    }
    let alive = lives(&left);
    ui.answer(&EndAnswer { region: aws.region().to_owned(), alive, drills: left });
    Ok(if alive { Exit::Findings } else { Exit::Done })
}

#[derive(Serialize)]
struct EndAnswer {
    region: String,
    /// Does an environment of a drill live?
    alive: bool,
    drills: Vec<LeftDrill>,
}

impl Answer for EndAnswer {
    const SCHEMA: &str = "drill-end/1";
}

impl fmt::Display for EndAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.drills.is_empty() {
            return write!(f, "nothing is left of a drill in {}", self.region);
        }
        for (number, drill) in self.drills.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "drill `{}`: {}", drill.id, count(drill.environments.len(), "living environment"))?;
            for environment in &drill.environments {
                write!(f, "\n  {} {}", environment.id, environment.name)?;
                if let Some(created) = environment.created {
                    write!(f, ", since {}", created.strftime("%Y-%m-%d %H:%M:%SZ"))?;
                }
            }
            f.write_str("\nTo end it, somebody with the right to do so (`beansprout policy drill-ender`) types:")?;
            drill.ending.iter().try_for_each(|line| write!(f, "\n  {line}"))?;
        }
        Ok(())
    }
}
