//! `drill --check`: what a rebuild would meet on AWS today. Reads only.

use std::collections::BTreeMap;

use super::DrillArgs;
use super::answer::{Depth, DrillAnswer, Rehearsed};
use crate::cli::aws::{Intent, Place, bundle_store};
use crate::cli::environment_args::belongs;
use crate::cli::environments::{Clocks, Environments};
use crate::cli::launch;
use crate::cli::launch::versions::Versions;
use crate::environment::{self, Description, Files};
use crate::fault::Failure;
use crate::project::Project;
use crate::release::{self, PlanOptions, Problem, Wanted};
use crate::ui::Ui;
use crate::world::World;

pub(super) fn look(
    args: &DrillArgs,
    environments: &Environments,
    project: &Project,
    world: &World,
    ui: &mut Ui,
) -> Result<DrillAnswer, Failure> {
    let began = world.now();
    let (mut rows, mut findings, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    // Everything of one place over one connection.
    let mut places: BTreeMap<(Option<String>, Option<String>), Vec<Description>> = BTreeMap::new();
    for description in environments.all() {
        let place = Place::of(description);
        places.entry((place.region, place.profile)).or_default().push(description.clone());
    }
    for ((region, profile), descriptions) in places {
        let place = Place { region, profile };
        let aws = args.aws.connect_to(project, &place, Intent::DryRun, world, ui)?;
        let (ours, others): (Vec<_>, Vec<_>) =
            descriptions.into_iter().partition(|description| belongs(Some(description), &aws).is_ok());
        findings.extend(others.iter().map(|other| format!("`{}` belongs to another account", other.name)));
        let targets = launch::targets(&ours, project)?;
        let all: Vec<&Description> = environments.all().iter().collect();
        let waves = environment::waves(&ours.iter().collect::<Vec<_>>(), &all)?;
        let mut survey = release::survey(&aws, &ours.iter().collect::<Vec<_>>())?;
        let store = bundle_store(project, None);
        let mut versions = Versions::new(project, &aws, &store, world);
        let mut wanted = Vec::new();
        for target in &targets {
            let (release, customizations) = versions.choose(target, None, ui)?;
            rows.push(Rehearsed {
                name: target.name.to_string(),
                rehearsed_as: None,
                label: Some(release.label.clone()),
                seconds: None,
                differences: Vec::new(),
            });
            let files = Files::of(&customizations);
            wanted.push(Wanted { target: target.clone(), release, files, given: BTreeMap::new() });
            if survey.living(&target.name).is_some() {
                let errors = release::validate(&aws, &target.application, &target.name, &target.description)?;
                findings.extend(errors.into_iter().map(|error| format!("`{}`: {error}", target.name)));
            }
        }
        release::look_for_roles(&aws, &mut survey, &wanted);
        let lost = release::as_if_lost(&survey, &targets);
        let strict = PlanOptions { all: true, ..PlanOptions::default() };
        let plan = release::launch_plan(&lost, &targets, wanted, &waves, &all, strict);
        for problem in &plan.problems {
            match problem {
                // Somebody is there on the day.
                Problem::Unanswered { .. } => notes.push(problem.to_string()),
                problem => findings.push(problem.to_string()),
            }
        }
        notes.extend(plan.notes);
        notes.extend(plan.not_checked.iter().map(ToString::to_string));
    }
    let commands = Some(world.now().duration_since(began).as_secs());
    let clocks = Clocks { commands, ..Clocks::default() };
    Ok(DrillAnswer { environments: rows, findings, notes, clocks, ..DrillAnswer::new(Depth::Check) })
}
