//! `swap`: visitors of one environment come to another, with tests before and after, and a way back.

mod answer;
mod between;

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;

use self::answer::{PlanAnswer, Side, SwapAnswer};
use super::aws::{AwsArgs, Connected, DryRun, Intent, bundle_store};
use super::environment_args::{belongs, one_place};
use super::environments::Environments;
use crate::beanstalk::name::EnvironmentName;
use crate::environment::{self, Description, cname};
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::release::{
    self, Conditions, Despite, Probe, RunRecord, Stand, SwapEvent, SwapOptions, SwapOutcome, SwapSurvey, Swapped,
    Tested,
};
use crate::ui::{Ui, quoted};
use crate::world::World;

/// Exchange two environments: visitors of BLUE come to GREEN
///
/// Shows the plan; `--apply` carries it out. Everything that can be known before is looked at, and all that speaks against it
/// is told at once. GREEN is tested at its own address before the swap, and at the name itself after it; then its health is
/// watched, and if it is bad, the names go back. Nothing is ended or lost: the way back is `swap GREEN BLUE`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout swap shop-production shop-green\n  beansprout swap shop-production shop-green --hold\n  \
                  beansprout swap shop-production shop-green --smoke /health/ --apply"
)]
pub(crate) struct SwapArgs {
    /// The environment that has the visitors
    blue: EnvironmentName,
    /// The environment that gets them
    green: EnvironmentName,
    /// Ask for this path, which has to answer with 200 [default: `smoke` of `[deploy]`, or `/` without an error]
    #[arg(long, value_name = "PATH", value_parser = path)]
    smoke: Vec<String>,
    /// The name that visitors use, if it is a domain of your own; with a certificate, HTTPS is tested too
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// Look at GREEN's health for this long afterwards, and go back if it is bad
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    watch: u64,
    /// Look and test, and stop before the swap
    #[arg(long, conflicts_with = "apply")]
    hold: bool,
    /// Do without a condition, knowingly; may be given more than once
    #[arg(long, value_name = "CONDITION")]
    despite: Vec<Despite>,
    /// Take the environments from another run that seems to move them, whoever that is
    #[arg(long)]
    take_over: bool,
    /// Do it
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    aws: AwsArgs,
}

fn path(text: &str) -> Result<String, String> {
    let plain = text.starts_with('/') && !text.chars().any(|c| c.is_control() || c == ' ');
    if plain { Ok(text.to_owned()) } else { Err("a path begins with `/` and has no blanks".to_owned()) }
}

pub(crate) fn verb(args: &SwapArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let environments = Environments::of(&project, &[&args.blue, &args.green])?;
    let described = [environments.get(&args.blue), environments.get(&args.green)];
    let place = one_place(&described.iter().flatten().copied().collect::<Vec<_>>())?;
    let aws = args.aws.connect_to(&project, &place, Intent::of(!args.apply), world, ui)?;
    for description in described {
        belongs(description, &aws)?;
    }
    let options = SwapOptions {
        store: bundle_store(&project, None),
        runs: Some(project.state()?.folder("operations")?),
        probes: probes(args, described),
        host: args.host.clone(),
        watch: Duration::from_secs(args.watch),
        take_over: args.take_over,
    };
    let survey = release::swap_survey(&aws, &options.store, &args.blue, &args.green)?;
    let mut notes = Vec::new();
    if survey.stand == Stand::Open {
        let migrations = between::migrations(&survey, &options.store, &aws, ui)?;
        let despite: BTreeSet<Despite> = args.despite.iter().copied().collect();
        let alias = between::alias(&project, &mut notes);
        let (conditions, more) = release::swap_conditions(&survey, &migrations, alias, &despite);
        notes.extend(more);
        notes.extend(between::database(&project, &survey, world));
        if !conditions.is_empty() {
            notes.iter().for_each(|note| ui.warn(note));
            return Err(Conditions(conditions).into());
        }
    }
    let tests = match survey.stand {
        Stand::Open if args.apply || args.hold => {
            release::swap_test(&aws, &survey, &options, &mut |event| tell(&event, ui))?
        }
        _ => Tested::default(),
    };
    if args.hold && survey.stand == Stand::Open {
        notes.iter().for_each(|note| ui.warn(note));
        let swapped = survey.outcome(SwapOutcome::Held, tests);
        ui.answer(&SwapAnswer::new(swapped, Vec::new(), ui));
        return Ok(Exit::Done);
    }
    if !args.apply {
        release::swap(&aws, &survey, tests, &options, &mut |_| {})?;
        ui.answer(&plan(args, &survey, &options, notes, &aws, ui));
        return Ok(Exit::Done);
    }
    notes.iter().for_each(|note| ui.warn(note));
    let swapped = carry_out(args, &aws, &survey, tests, &options, world, ui);
    if let Ok(application) = survey.blue.environment.application.parse() {
        let run = RunRecord { environment: Some(args.green.clone()), ..RunRecord::new("swap", &application) };
        aws.record(&swapped, run, ui);
    }
    let swapped = swapped?;
    let files = correct(&swapped, &environments, &aws, ui);
    ui.answer(&SwapAnswer::new(swapped, files, ui));
    Ok(Exit::Done)
}

fn probes(args: &SwapArgs, described: [Option<&Description>; 2]) -> Vec<Probe> {
    let mut probes: Vec<Probe> =
        args.smoke.iter().map(|path| Probe { path: path.clone(), status: Some(200) }).collect();
    if probes.is_empty() {
        for smoke in described.into_iter().flatten().flat_map(|description| &description.deploy.smoke) {
            let probe = Probe::from(smoke);
            if !probes.contains(&probe) {
                probes.push(probe);
            }
        }
    }
    if probes.is_empty() {
        probes.push(Probe { path: "/".to_owned(), status: None });
    }
    probes
}

fn plan(
    args: &SwapArgs,
    survey: &SwapSurvey,
    options: &SwapOptions,
    notes: Vec<String>,
    aws: &Connected,
    ui: &Ui,
) -> PlanAnswer {
    let mut words = vec![format!("swap {} {}", args.blue, args.green)];
    words.extend(args.smoke.iter().map(|path| format!("--smoke {}", quoted(path))));
    words.extend(args.host.iter().map(|host| format!("--host {host}")));
    if args.watch != 300 {
        words.push(format!("--watch {}", args.watch));
    }
    words.extend(args.despite.iter().map(|despite| format!("--despite {}", despite.word())));
    words.extend(args.take_over.then(|| "--take-over".to_owned()));
    words.push("--apply".to_owned());
    let untestable = survey.untestable(options);
    PlanAnswer {
        account: survey.account.clone(),
        region: survey.region.clone(),
        done: survey.stand == Stand::Done,
        blue: Side::of(&survey.blue),
        green: Side::of(&survey.green),
        tests: if untestable.is_some() { Vec::new() } else { options.probes.clone() },
        untestable,
        watch: args.watch,
        notes,
        dry_run: DryRun::of(aws),
        apply: ui.command(&words.join(" ")),
    }
}

fn carry_out(
    args: &SwapArgs,
    aws: &Connected,
    survey: &SwapSurvey,
    tests: Tested,
    options: &SwapOptions,
    world: &World,
    ui: &mut Ui,
) -> Result<Swapped, release::SwapError> {
    let mut guard = None;
    let swapped = release::swap(aws, survey, tests, options, &mut |event| {
        if matches!(event, SwapEvent::Swapping { .. } | SwapEvent::Resuming) {
            let (blue, green) = (&args.blue, &args.green);
            let words = format!(
                "the names may be exchanged; `beansprout swap {blue} {green} --apply` looks, and goes on; `beansprout swap {green} {blue} --apply` is the way back"
            );
            guard = Some(ui.last_words(world, words));
        }
        tell(&event, ui);
    });
    drop(guard);
    swapped
}

fn tell(event: &SwapEvent<'_>, ui: &mut Ui) {
    match event {
        SwapEvent::Testing { environment, host } => ui.say(format_args!("testing `{environment}` as `{host}`")),
        SwapEvent::Tested(probed) => {
            let line = format!("  {probed}");
            ui.say(if probed.problem.is_some() { ui.err().red(line) } else { line });
        }
        SwapEvent::NotTested(why) => ui.warn(format_args!("not tested: {why}")),
        SwapEvent::Swapping { name, from, to } => ui.say(format_args!("`{name}` goes from `{from}` to `{to}`")),
        SwapEvent::Resuming => ui.say("an earlier run exchanged the names; looking at how it went"),
        SwapEvent::Watching(watch) => ui.say(format_args!("watching its health for {} s", watch.as_secs())),
        SwapEvent::Doubtful(why) => ui.warn(format_args!("looking again: {why}")),
        SwapEvent::GoingBack(why) => ui.warn(format_args!("going back: {why}")),
        SwapEvent::NotRecorded(error) => ui.warn(format_args!("going on without record: {error}")),
        SwapEvent::NotSeen(error) => ui.warn(format_args!("looking again: {error}")),
    }
}

/// The names in both files, where they stand as they were.
fn correct(swapped: &Swapped, environments: &Environments, aws: &Connected, ui: &mut Ui) -> Vec<String> {
    let prefix = |name: &str| cname::prefix(name, aws.region()).map(str::to_owned);
    let mut written = Vec::new();
    for (name, has, had) in
        [(&swapped.blue, &swapped.other, &swapped.name), (&swapped.green, &swapped.name, &swapped.other)]
    {
        let Some(description) = environments.get(name) else { continue };
        let path = environment::path(name);
        let (has, had) = (prefix(has), prefix(had));
        if description.cname == has {
            continue;
        }
        if description.cname != had {
            let said = description.cname.as_deref().unwrap_or("none");
            ui.warn(format_args!("`cname` of `{path}` was {said} before, so it stays: correct it by hand"));
            continue;
        }
        let new = Description { cname: has, ..description.clone() };
        let said = new.cname.as_deref().unwrap_or("none");
        match environments.text(&new).and_then(|text| text.map(|text| environments.save(&new, &text)).transpose()) {
            Ok(None) => {}
            Ok(Some(())) => {
                ui.say(format_args!("wrote `{path}`: `cname` is {said}"));
                written.push(path);
            }
            // The names are exchanged all the same.
            Err(failure) => ui.warn(format_args!("`cname` of `{path}` is {said} now: {}", failure.line())),
        }
        if !description.deploy.branches.is_empty() && *name == swapped.blue {
            ui.warn(format_args!(
                "branches {} still lead to `{name}`, which has no visitors now: move `branches` of its file to that of `{}`",
                description.deploy.branches.join(", "),
                swapped.green
            ));
        }
    }
    written
}
