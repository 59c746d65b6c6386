//! `drill --aws`: a rebuild under other names, which touches nothing that the real environments have.

use std::collections::BTreeMap;

use super::DrillArgs;
use super::answer::{Depth, DrillAnswer, Rehearsed};
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::cli::aws::{DryRun, Intent, Place, bundle_store};
use crate::cli::environments::{Clocks, Environments, Measured};
use crate::cli::launch;
use crate::cli::launch::properties::Given;
use crate::cli::launch::versions::Versions;
use crate::environment::{self, DRILL_TAG, Description, Files, Rehearsal};
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::release::{self, Chosen, ChosenBundle, LaunchOptions, LaunchPlan, PlanOptions, RunRecord, Target, Wanted};
use crate::ui::Ui;
use crate::world::World;

#[derive(Debug, thiserror::Error)]
#[error("nothing was launched: {}", .0.iter().map(|refused| format!("\n  {refused}")).collect::<String>())]
struct NotSafe(Vec<String>);

impl Fault for NotSafe {
    fn exit(&self) -> Exit {
        Exit::Findings
    }

    fn hint(&self) -> Option<String> {
        Some(
            "name each property in `[deploy] drill`, with another value or with \"same\": a rehearsal runs migrations, schedules and workers; `--shared-resources` accepts what files name"
                .to_owned(),
        )
    }
}

pub(super) fn rebuild(
    args: &DrillArgs,
    environments: &Environments,
    project: &Project,
    world: &World,
    ui: &mut Ui,
) -> Result<Exit, Failure> {
    let began = world.now();
    let place = environments.all().first().map(Place::of).unwrap_or_default();
    let aws = args.aws.connect_to(project, &place, Intent::of(!args.apply), world, ui)?;
    let ours = launch::here(environments.all().to_vec(), &aws, ui)?;
    let id = args.id.clone().unwrap_or_else(|| format!("{:06x}", fastrand::u32(..0x100_0000)));
    let names: BTreeMap<String, String> = ours
        .iter()
        .enumerate()
        .map(|(number, description)| (description.name.clone(), environment::drill_environment(&id, number + 1)))
        .collect();
    let store = bundle_store(project, None);
    let mut versions = Versions::new(project, &aws, &store, world);
    let given = Given::read(&args.properties, None, world)?.of_described();
    let (mut wanted, mut refused, mut doubtful) = (Vec::new(), Vec::new(), Vec::new());
    for target in launch::targets(&ours, project)? {
        let (chosen, customizations) = versions.choose(&target, None, ui)?;
        let Rehearsal { description, refused: more, doubtful: same } = environment::rehearsal(
            &target.description,
            &customizations,
            &id,
            &names,
            world.now(),
            args.shared_resources,
        );
        refused.extend(more.into_iter().map(|why| format!("`{}`: {why}", target.name)));
        doubtful
            .extend(same.into_iter().map(|name| format!("`{}`: `{name}` is the same as in the real one", target.name)));
        let files = Files::of(&customizations);
        let values = given.values(&description, &files, ui)?;
        let application: Application =
            environment::drill_application(&id).parse().expect("a drill's name is an application's");
        let name: EnvironmentName = description.name.parse().expect("a drill's name is an environment's");
        let target = Target { name, application, description };
        wanted.push(Wanted { target, release: from_bundle(chosen), files, given: values });
    }
    if !refused.is_empty() {
        return Err(NotSafe(refused).into());
    }
    let descriptions: Vec<Description> = wanted.iter().map(|wanted| wanted.target.description.clone()).collect();
    let described: Vec<&Description> = descriptions.iter().collect();
    let waves = environment::waves(&described, &described)?;
    let mut survey = release::survey(&aws, &described)?;
    let targets: Vec<Target> = wanted.iter().map(|wanted| wanted.target.clone()).collect();
    wanted.retain(|wanted| survey.living(&wanted.target.name).is_none());
    let strict = PlanOptions { elsewhere: true, into_existing: true, ..PlanOptions::default() };
    release::look_for_roles(&aws, &mut survey, &wanted);
    let plan = release::launch_plan(&survey, &targets, wanted, &waves, &described, strict);
    let plan = plan.sound()?;
    let options = options(&id, versions.packed()?, store);
    let mut notes = plan.notes.clone();
    notes.extend(plan.not_checked.iter().map(ToString::to_string));
    notes.extend(doubtful);
    if !args.apply {
        notes.extend(plan.takes().map(|takes| format!("AWS takes {takes}, and what the versions need to be built")));
        notes.extend(Measured::sentence(&environments.measured()));
    }
    let rehearsed = rows(&names, &plan);
    let mut answer =
        DrillAnswer { id: Some(id.clone()), environments: rehearsed, notes, ..DrillAnswer::new(Depth::Aws) };
    if !args.apply {
        release::launch(&aws, &plan, &options, &mut |_| {})?;
        answer.dry_run = Some(DryRun::of(&aws));
        answer.apply = Some(ui.command(&again(args, &id)));
        ui.answer(&answer);
        return Ok(Exit::Done);
    }
    answer.notes.iter().for_each(|note| ui.warn(note));
    // The same words again would begin another rehearsal, unless they had its id.
    let words = format!(
        "what was asked for goes on, and costs money; `{}` goes on with it, `beansprout drill end {id}` tells how to end it",
        ui.command(&again(args, &id))
    );
    let launched = launch::carry_out(&aws, &plan, &options, Some(&words), world, ui);
    if let Some(target) = targets.first() {
        aws.record(&launched, RunRecord::new("drill", &target.application), ui);
    }
    let launched = launched?;
    let all = world.now().duration_since(began).as_secs();
    answer.clocks = Clocks::of(&launched, Some(all));
    for one in launched.environments {
        answer.findings.extend(one.failures());
        if let Some(row) =
            answer.environments.iter_mut().find(|row| row.rehearsed_as.as_deref() == Some(one.name.as_str()))
        {
            (row.label, row.seconds) = (one.label, one.seconds);
        }
    }
    answer.ending = release::left_drills(&aws, Some(&id))?.into_iter().flat_map(|left| left.ending).collect();
    answer.notes.clear();
    environments.note(&answer.line(world))?;
    ui.answer(&answer);
    Ok(answer.exit())
}

/// The drill's application knows no versions: each is registered from its bundle.
fn from_bundle(chosen: Chosen) -> Chosen {
    let bundle = match chosen.bundle {
        ChosenBundle::Registered { bundle: Some(at), .. } => ChosenBundle::Stored(at),
        ChosenBundle::Registered { bundle: None, .. } => ChosenBundle::Gone { digest: None, commit: None },
        other => other,
    };
    Chosen { bundle, ..chosen }
}

fn options(id: &str, packed: Vec<release::PublishRequest>, store: release::BundleStore) -> LaunchOptions {
    LaunchOptions {
        application: environment::Application {
            description: Some("A rehearsal; it can be deleted".to_owned()),
            tags: BTreeMap::from([(DRILL_TAG.to_owned(), id.to_owned())]),
            lifecycle: None,
        },
        packed,
        store,
        wait: true,
        require_cname: false,
        timeout: None,
        settle: None,
    }
}

fn rows(names: &BTreeMap<String, String>, plan: &LaunchPlan) -> Vec<Rehearsed> {
    let label = |name: &String| {
        let launched = plan.launches().find(|launch| launch.name == *name.as_str()).map(|launch| launch.label.clone());
        let there = plan.there.iter().find(|there| there.name == *name.as_str());
        launched.or_else(|| there.and_then(|there| there.label.clone()))
    };
    let row = |(name, rehearsed): (&String, &String)| Rehearsed {
        name: name.clone(),
        rehearsed_as: Some(rehearsed.clone()),
        label: label(rehearsed),
        seconds: None,
        differences: Vec::new(),
    };
    names.iter().map(row).collect()
}

/// What was typed, with the id.
fn again(args: &DrillArgs, id: &str) -> String {
    let mut words = vec![format!("drill --aws --id {id}")];
    if args.shared_resources {
        words.push("--shared-resources".to_owned());
    }
    words.extend(args.properties.iter().map(|(name, value)| {
        let shown = if value.starts_with('@') { value } else { "VALUE" };
        format!("--property {name}={shown}")
    }));
    words.push("--apply".to_owned());
    words.join(" ")
}
