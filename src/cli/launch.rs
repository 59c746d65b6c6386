//! `launch`: what is described and not there is created.

mod answer;
mod described;
pub(crate) mod properties;
pub(crate) mod versions;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use self::answer::{LaunchAnswer, PlanAnswer};
use self::described::described;
pub(crate) use self::described::{here, targets};
use self::properties::Given;
use self::versions::Versions;
use super::aws::{AwsArgs, Connected, DryRun, Intent, bundle_store};
use super::environments::{Clocks, DrillLine, Environments};
use super::{deploy, publish};
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::name::EnvironmentName;
use crate::environment::{self, Description, Tier};
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::release::{
    self, LaunchError, LaunchEvent, LaunchOptions, LaunchOutcome, LaunchPlan, Launched, PlanOptions, RunRecord, Target,
    Wanted,
};
use crate::ui::{Ui, quoted_path};
use crate::world::World;

/// Create the environments that are described and not there
///
/// Shows the plan; `--apply` carries it out. `environments/NAME.toml` says what an environment is; a name without such a file
/// gets one, from the project and the flags. Only options are sent that no file of the version says, so that the files stay
/// in charge. What lives is never changed. With `--all`, this is the way back after everything was lost.
#[derive(Debug, Default, Args)]
#[command(
    disable_version_flag = true,
    after_help = "Examples:\n  beansprout launch shop-production\n  beansprout launch shop-production --apply\n  \
                  beansprout launch shop-green --like shop-production --apply\n  beansprout launch --all --apply"
)]
pub(crate) struct LaunchArgs {
    /// The environments to launch
    #[arg(value_name = "NAME", required_unless_present = "all", value_parser = clap::value_parser!(EnvironmentName))]
    names: Vec<EnvironmentName>,
    /// Launch everything that is described for this account and region: the rebuild
    #[arg(long, conflicts_with_all = ["names", "like", "cname", "tier", "instance_profile"])]
    all: bool,
    /// Describe a new environment like OTHER, without its name in DNS, its version and its branches
    #[arg(long, value_name = "OTHER")]
    like: Option<EnvironmentName>,
    /// Launch this version [default: the last that ran well there, or what the project holds]
    #[arg(long, value_name = "LABEL")]
    version: Option<String>,
    /// Set an environment property; `@ask` asks for it, `@random` makes 50 characters. May be given more than once
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = properties::property)]
    properties: Vec<(String, String)>,
    /// Read environment properties from FILE, one `NAME=VALUE` a line
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Ask for `PREFIX.REGION.elasticbeanstalk.com` as its name
    #[arg(long, value_name = "PREFIX")]
    cname: Option<String>,
    /// What a new environment is: a site, or a worker that takes messages from a queue
    #[arg(long, value_parser = ["web", "worker"])]
    tier: Option<String>,
    /// In whose name the instances act
    #[arg(long, value_name = "NAME")]
    instance_profile: Option<String>,
    /// Take the version of the platform that it had, not the recommended one
    #[arg(long)]
    same_platform_version: bool,
    /// Refuse if the name in DNS is taken, instead of launching under another
    #[arg(long)]
    require_cname: bool,
    /// Launch here what is described for another account or region
    #[arg(long)]
    elsewhere: bool,
    /// With `--all`: launch beside environments that no file describes
    #[arg(long, requires = "all")]
    into_existing: bool,
    /// Do it
    #[arg(long)]
    apply: bool,
    /// Ask for the environments and don't wait until they are good
    #[arg(long)]
    no_wait: bool,
    /// Give each environment this long [default: `timeout` of the environment, or 1800]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Let a ready environment take this long to become healthy [default: `settle` of the environment, or 180]
    #[arg(long, value_name = "SECONDS")]
    settle: Option<u64>,
    #[command(flatten)]
    aws: AwsArgs,
}

pub(crate) fn verb(args: &LaunchArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let began = world.now();
    let project = Project::load(world)?;
    let asked: Vec<EnvironmentName> = args.names.iter().chain(&args.like).cloned().collect();
    let environments = Environments::load_for(&asked, &project, ui)?;
    let mut descriptions = described(args, &project, &environments)?;
    let place = descriptions.first().map(super::aws::Place::of).unwrap_or_default();
    let aws = args.aws.connect_to(&project, &place, Intent::of(!args.apply), world, ui)?;
    if args.all && !args.elsewhere {
        descriptions = here(descriptions, &aws, ui)?;
    }
    let given = Given::read(&args.properties, args.env_file.as_deref(), world)?;
    given.apply(&mut descriptions);
    let targets = targets(&descriptions, &project)?;
    let (plan, packed) = plan(args, &given, &targets, &descriptions, &environments, &project, &aws, world, ui)?;
    let files = files(args, &plan, aws.account(), &descriptions, &environments)?;
    if !args.apply {
        let refused = !plan.problems.is_empty();
        let options = options(args, &environments, &project, packed);
        let dry_run = if refused {
            None
        } else {
            release::launch(&aws, &plan, &options, &mut |_| {})?;
            Some(DryRun::of(&aws))
        };
        let problems = plan.problems.clone();
        let again = format!("launch {} --apply", words(args).join(" "));
        let answer = PlanAnswer {
            plan,
            dry_run,
            files: files.into_iter().map(|(file, text)| (environment::path(&file.name), text)).collect(),
            measured: if args.all { environments.measured() } else { Vec::new() },
            apply: ui.command(&again),
        };
        if refused {
            ui.before_error(&answer);
            return Err(release::Problems(problems).into());
        }
        ui.answer(&answer);
        return Ok(Exit::Done);
    }
    let plan = plan.sound()?;
    for note in &plan.notes {
        ui.warn(note);
    }
    for (description, text) in &files {
        environments.save(description, text)?;
        ui.say(format_args!("wrote `{}`", environment::path(&description.name)));
    }
    let options = options(args, &environments, &project, packed);
    let application = targets.first().map(|target| target.application.clone());
    let launched = carry_out(&aws, &plan, &options, Some(GOES_ON), world, ui);
    if let Some(application) = application {
        let run = RunRecord::new("launch", &application);
        aws.record(&launched, run, ui);
    }
    let launched = launched?;
    let answers = launched.environments.iter().flat_map(|one| &one.smoke).all(|probed| probed.passed);
    if args.all && launched.environments.iter().any(|one| one.outcome == LaunchOutcome::Launched) {
        environments.note(&rebuilt(&launched, began, world))?;
    }
    ui.answer(&LaunchAnswer { launched });
    Ok(if answers { Exit::Done } else { Exit::Findings })
}

/// The line that stays of a rebuild.
fn rebuilt(launched: &Launched, began: Timestamp, world: &World) -> DrillLine {
    let made = launched.environments.iter().filter(|one| one.outcome == LaunchOutcome::Launched);
    let all = world.now().duration_since(began).as_secs();
    DrillLine {
        time: world.now(),
        depth: "rebuild".into(),
        tool: env!("CARGO_PKG_VERSION").into(),
        id: None,
        environments: made.count(),
        findings: launched.environments.iter().flat_map(|one| &one.smoke).filter(|probed| !probed.passed).count(),
        clocks: Clocks::of(launched, Some(all)),
    }
}

/// Everything that is described, launched where `aws` leads: a rehearsal, with stand-ins for what nobody is asked.
pub(crate) fn rebuild(
    descriptions: &[Description],
    environments: &Environments,
    project: &Project,
    aws: &Connected,
    world: &World,
    ui: &mut Ui,
) -> Result<Launched, Failure> {
    let args = LaunchArgs { all: true, apply: true, elsewhere: true, into_existing: true, ..LaunchArgs::default() };
    let given = Given::stand_ins(descriptions, world);
    let targets = targets(descriptions, project)?;
    let (plan, packed) = plan(&args, &given, &targets, descriptions, environments, project, aws, world, ui)?;
    let plan = plan.sound()?;
    let options = options(&args, environments, project, packed);
    Ok(carry_out(aws, &plan, &options, None, world, ui)?)
}

/// What was typed, without `--apply` and without values that may be secret.
fn words(args: &LaunchArgs) -> Vec<String> {
    let mut words: Vec<String> = args.names.iter().map(ToString::to_string).collect();
    let mut flag = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            words.push(format!("--{name} {value}"));
        }
    };
    flag("like", args.like.as_deref());
    flag("version", args.version.as_deref());
    flag("cname", args.cname.as_deref());
    flag("tier", args.tier.as_deref());
    flag("instance-profile", args.instance_profile.as_deref());
    for (name, value) in &args.properties {
        let shown = if value.starts_with('@') { value } else { "VALUE" };
        words.push(format!("--property {name}={shown}"));
    }
    if let Some(file) = &args.env_file {
        words.push(format!("--env-file {}", quoted_path(file)));
    }
    let switches = [
        ("--all", args.all),
        ("--same-platform-version", args.same_platform_version),
        ("--require-cname", args.require_cname),
        ("--elsewhere", args.elsewhere),
        ("--into-existing", args.into_existing),
        ("--no-wait", args.no_wait),
    ];
    words.extend(switches.into_iter().filter(|(_, on)| *on).map(|(name, _)| name.to_owned()));
    for (flag, seconds) in [("--timeout", args.timeout), ("--settle", args.settle)] {
        words.extend(seconds.map(|seconds| format!("{flag} {seconds}")));
    }
    words
}

#[expect(clippy::too_many_arguments, reason = "all that decides about a plan")]
fn plan(
    args: &LaunchArgs,
    given: &Given,
    targets: &[Target],
    descriptions: &[Description],
    environments: &Environments,
    project: &Project,
    aws: &Connected,
    world: &World,
    ui: &mut Ui,
) -> Result<(LaunchPlan, Vec<release::PublishRequest>), Failure> {
    let ours: Vec<&Description> = descriptions.iter().collect();
    let mut all: Vec<&Description> = environments.all().iter().collect();
    all.extend(ours.iter().copied().filter(|new| environments.get(&new.name).is_none()));
    let waves = environment::waves(&ours, &all)?;
    let mut survey = release::survey(aws, &ours)?;
    let store = bundle_store(project, None);
    let mut versions = Versions::new(project, aws, &store, world);
    let mut wanted = Vec::new();
    for target in targets.iter().filter(|target| survey.living(&target.name).is_none()) {
        let (release, customizations) = versions.choose(target, args.version.as_deref(), ui)?;
        let files = environment::Files::of(&customizations);
        let values = given.values(&target.description, &files, ui)?;
        wanted.push(Wanted { target: target.clone(), release, files, given: values });
        fitting(target, &customizations, ui);
    }
    let strict = PlanOptions {
        same_platform_version: args.same_platform_version,
        require_cname: args.require_cname,
        elsewhere: args.elsewhere,
        into_existing: args.into_existing,
        all: args.all,
    };
    let packed = versions.packed()?;
    release::look_for_roles(aws, &mut survey, &wanted);
    Ok((release::launch_plan(&survey, targets, wanted, &waves, &all, strict), packed))
}

/// Does the project go with the kind of environment?
fn fitting(target: &Target, customizations: &Customizations, ui: &mut Ui) {
    let name = &target.name;
    match target.description.tier {
        Tier::Worker if !customizations.worker => ui.warn(format_args!(
            "`{name}` is a worker, and the version has no `cron.yaml` and no options of `aws:elasticbeanstalk:sqsd`: messages go to `/`"
        )),
        _ => {}
    }
}

/// The files that are written before the first call: new descriptions, and the account in those that have none.
fn files(
    args: &LaunchArgs,
    plan: &LaunchPlan,
    account: Option<&str>,
    descriptions: &[Description],
    environments: &Environments,
) -> Result<Vec<(Description, String)>, Failure> {
    let mut files = Vec::new();
    for description in descriptions {
        // What was said in this command alone does not go into a file that was there.
        let mut new = environments.get(&description.name).unwrap_or(description).clone();
        if !args.elsewhere {
            new.account = new.account.or_else(|| account.map(str::to_owned));
            new.region = new.region.or_else(|| Some(plan.region.clone()));
        }
        if let Some(text) = environments.text(&new)? {
            files.push((new, text));
        }
    }
    Ok(files)
}

fn options(
    args: &LaunchArgs,
    environments: &Environments,
    project: &Project,
    packed: Vec<release::PublishRequest>,
) -> LaunchOptions {
    LaunchOptions {
        application: environments.application.clone(),
        packed,
        store: bundle_store(project, None),
        wait: !args.no_wait,
        require_cname: args.require_cname,
        timeout: args.timeout,
        settle: args.settle,
    }
}

/// What somebody who interrupts a launch is told.
const GOES_ON: &str = "what was asked for goes on; the same command again looks at what is there, and goes on with it";

/// Launch, and tell what happens; whoever interrupts is told `words`, where they are not told by somebody else.
pub(crate) fn carry_out(
    aws: &Connected,
    plan: &LaunchPlan,
    options: &LaunchOptions,
    words: Option<&str>,
    world: &World,
    ui: &mut Ui,
) -> Result<Launched, LaunchError> {
    let mut guard = None;
    let mut publishing = publish::Telling::new(aws.is_dry_run());
    let launched = release::launch(aws, plan, options, &mut |event| {
        if guard.is_none() && !aws.is_dry_run() {
            guard = words.map(|words| ui.goes_on(world, words.to_owned()));
        }
        match &event {
            LaunchEvent::Publishing(event) => publishing.tell(event, ui),
            event => tell(event, ui),
        }
    });
    drop(guard);
    if launched.is_ok() && !aws.is_dry_run() {
        options.packed.iter().for_each(|packed| publish::keep(&packed.bundle_file.path, ui));
    }
    launched
}

fn tell(event: &LaunchEvent<'_>, ui: &mut Ui) {
    match event {
        LaunchEvent::Application(name) => ui.say(format_args!("creating application `{name}`")),
        LaunchEvent::Registering { label } => ui.say(format_args!("registering `{label}` from its bundle")),
        LaunchEvent::Publishing(_) => {}
        LaunchEvent::Launching { environment, label } => {
            ui.say(format_args!("launching `{environment}` with `{label}`"));
        }
        LaunchEvent::Joining { environment, moves: true } => {
            ui.say(format_args!("`{environment}` is on its way already; watching it"))
        }
        LaunchEvent::Joining { environment, moves: false } => {
            ui.say(format_args!("`{environment}` is there and not good; watching it"))
        }
        LaunchEvent::AlsoFailed(error) => ui.warn(error),
        LaunchEvent::Watching { environment, id } => ui.say(format_args!("watching `{environment}` ({id})")),
        LaunchEvent::Deploying(event) => deploy::tell(event, ui),
        LaunchEvent::Lifecycle(name) => ui.say(format_args!("setting the lifecycle rule of `{name}`")),
    }
}
