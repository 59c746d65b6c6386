//! `up`: the project runs on this machine, from the object that was registered, as on an instance.

mod report;
mod shortcut;
mod style;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use self::report::{Reporter, WouldDo, tell_health};
use super::aws::{AwsArgs, Connected, Intent};
use super::environments::Environments;
use super::{env_file, package, publish};
use crate::beanstalk::eb_config;
use crate::beanstalk::platforms::Platform;
use crate::bundle::{self, Plan};
use crate::environment::Property;
use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::project::{Project, ScopeFlags};
use crate::release::Published;
use crate::sandbox;
use crate::sandbox::instance::{self, Answer as Reply, Health, Instance, IsolationMode, Launch, ProxyKind, Settings};
use crate::ui::{Answer, Ui};
use crate::world::World;

/// Run the project on this machine as Elastic Beanstalk would
///
/// Packages the project, registers the bundle in the sandbox, and takes the registered object through the steps of a
/// deployment: dependencies, hooks, container commands, the processes of the Procfile, the proxy. What a laptop cannot do
/// is listed. Ctrl-C ends everything.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout up --open\n  beansprout up --watch --env DATABASE_URL=postgres://localhost/site"
)]
pub(crate) struct UpArgs {
    /// Serve the site on this port of 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    port: u16,
    /// Open the site in the browser
    #[arg(long)]
    open: bool,
    /// Deploy again whenever a file that ships changes
    #[arg(long)]
    watch: bool,
    /// Set an environment property; may be given more than once
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = env_file::property)]
    properties: Vec<(String, String)>,
    /// Read environment properties from FILE, one `NAME=VALUE` a line
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Begin with a new instance: no data, logs or packages of an earlier run
    #[arg(long)]
    fresh: bool,
    /// How programs come to see `/var/app` and the other paths of an instance
    #[arg(long, value_enum, default_value_t)]
    isolation: IsolationMode,
    /// What serves in place of the instance's proxy
    #[arg(long, value_enum, default_value_t)]
    proxy: ProxyKind,
}

/// How long to wait for something to happen: short where files are watched.
pub(crate) const PAUSE: Duration = Duration::from_millis(500);
const WATCH: Duration = Duration::from_millis(100);

/// Not 8000: an application that insists on its usual port may have it.
pub(crate) const PORT: u16 = 8080;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the sandbox has no object for `{label}`")]
    NoObject { label: String },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoObject { .. } => Exit::Aws,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoObject { .. } => {
                Some("another program may have emptied `.beansprout/sandbox`; try again".to_owned())
            }
        }
    }
}

pub(crate) fn up(args: &UpArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    instance::possible()?;
    AwsArgs::sandboxed().carry(ui);
    let project = Project::load(world)?;
    let mut settings = Settings::default();
    for (name, value) in given(args, world)? {
        settings = settings.property(&name, value);
    }
    let options = Options { port: args.port, isolation: args.isolation, proxy_kind: args.proxy, settings };
    if args.fresh {
        project.state()?.remove(INSTANCE)?;
    }
    let plan = Plan::read(&project.scope(&ScopeFlags::default(), world))?;
    project.found(&plan)?;
    let seen = plan.into_entries();
    let (aws, published) = register(&project, world, ui)?;
    let mut running = launch(&project, &published, options, world, ui)?;
    ui.answer(&Up::of(&running, &published));
    if args.open {
        open(&running.instance.url(), world, ui);
    }
    if let Some(worker) = running.instance.worker() {
        ui.say(format_args!("a worker: `beansprout post` puts messages into its queue, which go to `{}`", worker.path));
        if !worker.tasks.is_empty() {
            let tasks: Vec<&str> = worker.tasks.keys().map(String::as_str).collect();
            ui.say(format_args!("tasks of `cron.yaml` run with `--task`, not by the clock: {}", tasks.join(", ")));
        }
    }
    ui.say(match args.watch {
        true => "watching the project; Ctrl-C ends it",
        false => "Ctrl-C ends it",
    });
    let logs = running.instance.logs();
    let _parting = ui.parting(world, format!("the site has ended; its logs stay in `{}`", logs.display()));
    let mut seen = seen;
    loop {
        running.listen(if args.watch { WATCH } else { PAUSE }, ui);
        if !args.watch {
            continue;
        }
        let now = fingerprint(&project, world);
        if now != seen {
            let short = shortcut::changed(&seen, &now, |entry| entry.path().as_str())
                .is_some_and(|paths| running.show(&project, &paths, ui, world));
            seen = now;
            if short {
                continue;
            }
            if let Err(failure) = running.redeploy(&project, &aws, ui, world) {
                // The next change may mend it.
                ui.failure(&failure);
            }
        }
    }
}

/// What `up` was told, apart from the project.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) port: u16,
    pub(crate) isolation: IsolationMode,
    pub(crate) proxy_kind: ProxyKind,
    pub(crate) settings: Settings,
}

/// An instance that serves the project.
pub(crate) struct Running {
    pub(crate) instance: Instance,
    pub(crate) health: Health,
    settings: Settings,
    would_do: Vec<WouldDo>,
}

/// Package the project and register it in the sandbox.
fn register(project: &Project, world: &World, ui: &mut Ui) -> Result<(Connected, Published), Failure> {
    let built = package::build(project, world, ui)?;
    let aws = AwsArgs::sandboxed().connect(project, Intent::Act, world, ui)?;
    let published = publish::publish(project, &built, &aws, world, ui)?;
    Ok((aws, published))
}

/// Take a version that is registered in the sandbox through a launch.
pub(crate) fn launch(
    project: &Project,
    published: &Published,
    options: Options,
    world: &World,
    ui: &mut Ui,
) -> Result<Running, Failure> {
    let home = home(project)?;
    let bundle = object(project, published)?;
    let Options { port, isolation, proxy_kind, settings } = options;
    // On AWS it is a property or a secret of the environment, and in no bundle.
    let secret = instance::stand_in_secret(&home)?;
    let stand_ins = stand_ins(project, &secret)?;
    let platform = platform(project);
    let launch = Launch {
        settings: settings.clone(),
        stand_ins,
        port,
        python: platform.as_ref().and_then(|platform| platform.python).map(|version| version.to_string()),
        family: platform.and_then(|platform| platform.family.yes()),
        isolation,
        proxy_kind,
        ..Launch::new(bundle, home)
    };
    let mut told = Reporter::default();
    let instance = Instance::launch(&launch, world, &mut |event| told.tell(&event, ui))?;
    let health = instance.health();
    tell_health(&health, ui);
    if health.good() {
        style::tell(&super::check::shipped(project, world)?, &instance, ui);
    }
    instance.open_to_others().iter().for_each(|text| ui.warn(text));
    Ok(Running { instance, health, settings, would_do: told.would_do })
}

/// What a launch would make up: the key, and whatever the project's environments describe as random.
fn stand_ins(project: &Project, secret: &str) -> Result<Settings, Failure> {
    let mut stand_ins = Settings::default().property("SECRET_KEY", secret);
    for description in Environments::load(project)?.all() {
        for (name, _) in description.properties.iter().filter(|(_, value)| matches!(value, Property::Random(_))) {
            stand_ins = stand_ins.property(name, secret);
        }
    }
    Ok(stand_ins)
}

impl Running {
    /// Say what happens, for about this long.
    pub(crate) fn listen(&self, time: Duration, ui: &mut Ui) {
        if let Some(event) = self.instance.next(time) {
            Reporter::default().tell(&event, ui);
        }
    }

    /// Let templates and static files be seen without a deployment, and say so; or tell that they cannot be.
    fn show(&self, project: &Project, paths: &[String], ui: &mut Ui, world: &World) -> bool {
        let Ok(tree) = super::check::shipped(project, world) else { return false };
        let shown = shortcut::take(project, &tree, &self.instance, paths).is_some();
        if shown {
            let what = match paths {
                [path] => format!("`{path}`"),
                paths => format!("{} files", paths.len()),
            };
            ui.say(format_args!("{what} served without a deployment; the next one takes all changes"));
        }
        shown
    }

    fn redeploy(&mut self, project: &Project, aws: &Connected, ui: &mut Ui, world: &World) -> Result<(), Failure> {
        let built = package::build(project, world, ui)?;
        let published = publish::publish(project, &built, aws, world, ui)?;
        let object = object(project, &published)?;
        let mut told = Reporter::default();
        self.instance.deploy(&object, &self.settings, &mut |event| told.tell(&event, ui))?;
        let health = self.instance.health();
        tell_health(&health, ui);
        if health.good() {
            style::tell(&super::check::shipped(project, world)?, &self.instance, ui);
        }
        self.instance.open_to_others().iter().for_each(|text| ui.warn(text));
        ui.say(format_args!("`{}` runs at {}", published.label, self.instance.url()));
        Ok(())
    }
}

/// The registered object itself, not the file that was uploaded.
fn object(project: &Project, published: &Published) -> Result<PathBuf, Failure> {
    let state = project.state()?.folder("sandbox")?;
    let object = sandbox::object(&state, &published.bundle.bucket, &published.bundle.key)?;
    Ok(object.ok_or_else(|| Error::NoObject { label: published.label.clone() })?)
}

/// The folder that holds everything of the project's instance.
pub(crate) fn home(project: &Project) -> Result<PathBuf, file::Error> {
    project.state()?.folder(INSTANCE)
}

const INSTANCE: &str = "instance";

/// The platform that the EB CLI knows for this folder.
fn platform(project: &Project) -> Option<Platform> {
    let text = std::fs::read_to_string(project.root.join(eb_config::PATH)).ok()?;
    eb_config::parse(&text).ok()?.platform()
}

/// Flags win over the file.
fn given(args: &UpArgs, world: &World) -> Result<BTreeMap<String, String>, Failure> {
    let mut properties = BTreeMap::new();
    if let Some(file) = &args.env_file {
        properties.extend(env_file::read(file, world)?);
    }
    properties.extend(args.properties.iter().cloned());
    Ok(properties)
}

/// What ships, and which state of each file it was. Two of them differ when something that ships has changed.
fn fingerprint(project: &Project, world: &World) -> Vec<bundle::Entry> {
    let plan = Plan::read(&project.scope(&ScopeFlags::default(), world));
    plan.map(Plan::into_entries).unwrap_or_default()
}

fn open(url: &str, world: &World, ui: &mut Ui) {
    let browser = world.var("BROWSER").map(str::to_owned);
    let candidates = browser.into_iter().chain(["xdg-open".to_owned(), "open".to_owned()]);
    for program in candidates {
        let started = Command::new(&program)
            .arg(url)
            .env_clear()
            .envs(&world.vars)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        if started.is_ok() {
            return;
        }
    }
    ui.warn(format_args!("found no program to open {url} with"));
}

/// The answer of `up`: what runs, and where.
#[derive(Serialize)]
struct Up {
    url: String,
    label: String,
    digest: String,
    logs: PathBuf,
    health: HealthAnswer,
    would_do: Vec<WouldDo>,
}

#[derive(Serialize)]
struct HealthAnswer {
    path: String,
    /// Absent where nothing answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    good: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<String>,
    /// The rule that explains it, for `explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
}

impl Up {
    fn of(running: &Running, published: &Published) -> Self {
        let health = &running.health;
        let status = match health.answer {
            Reply::Status(status) => Some(status),
            Reply::Nothing(_) => None,
        };
        Self {
            url: running.instance.url(),
            label: published.label.clone(),
            digest: published.digest.to_string(),
            logs: running.instance.logs(),
            health: HealthAnswer {
                path: health.path.clone(),
                status,
                good: health.good(),
                finding: health.finding.as_ref().map(|finding| finding.what.clone()),
                rule: health.finding.as_ref().and_then(|finding| finding.rule),
            },
            would_do: running.would_do.clone(),
        }
    }
}

impl Answer for Up {
    const SCHEMA: &str = "up/1";
}

impl fmt::Display for Up {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "`{}` runs at {}", self.label, self.url)?;
        write!(f, "  logs  {}", self.logs.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_that_a_health_check_names_are_there() {
        for id in instance::RULES {
            assert!(crate::check::catalogue::rule(id).is_some(), "{id}");
        }
    }
}
