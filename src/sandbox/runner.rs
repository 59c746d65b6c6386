//! Environments that really run: their operations are carried out by an instance on this machine, and end as it does.
//!
//! The API only writes down what shall happen. This thread sees an operation that waits for an instance, lets the
//! instance go through it, and writes down how it ended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Error;
use super::deployment_log::{DeploymentLog, OFF};
use super::dispatch::Sandbox;
use super::environment::{Kind, Outcome};
use super::event::Severity;
use super::instance::{self, Instance, Launch};
use super::state::{Source, State};
use crate::world::{Guard, Interrupt, World};

const PROPERTIES: &str = "aws:elasticbeanstalk:application:environment";
/// Pause between two looks for what another process wrote down.
const LOOK: Duration = Duration::from_secs(1);
/// Pause between two looks whether the end has come.
const NOD: Duration = Duration::from_millis(50);

/// Ends with its instances when dropped.
pub(super) struct Runner {
    stop: Arc<AtomicBool>,
    /// Ends whatever an instance is doing.
    interrupt: Interrupt,
    _guard: Guard,
    thread: Option<JoinHandle<()>>,
}

impl Runner {
    pub(super) fn start(sandbox: Arc<Sandbox>, home: PathBuf, wakes: Receiver<()>) -> Result<Self, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let interrupt = Interrupt::default();
        let mut world = sandbox.world.clone();
        world.interrupt = interrupt.clone();
        let guard = sandbox.world.interrupt.guard({
            let interrupt = interrupt.clone();
            move || interrupt.fire()
        });
        let run =
            move || RunnerLoop { sandbox: &sandbox, world, home, instances: BTreeMap::new() }.run(&wakes, &stopped);
        let thread = std::thread::Builder::new().name("runner".to_owned()).spawn(run);
        Ok(Self { stop, interrupt, _guard: guard, thread: Some(thread.map_err(|source| Error::Threads { source })?) })
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.interrupt.fire();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An operation that waits for an instance.
struct Job {
    region: String,
    environment: String,
    name: String,
    kind: Kind,
    request: String,
    /// Bucket and key; none is the platform's sample.
    bundle: Option<(String, String)>,
    settings: instance::Settings,
    platform: String,
    /// Does its deployment log go to the account's bucket?
    logs: bool,
}

/// End of a job, for the environment's events.
struct Ended {
    outcome: Outcome,
    events: Vec<(Severity, String)>,
    /// Where the instance serves.
    site: Option<String>,
}

struct RunnerLoop<'a> {
    sandbox: &'a Sandbox,
    world: World,
    home: PathBuf,
    instances: BTreeMap<String, Instance>,
}

impl RunnerLoop<'_> {
    fn run(mut self, wakes: &Receiver<()>, stopped: &AtomicBool) {
        let mut looked = Instant::now();
        while !stopped.load(Ordering::SeqCst) {
            let woken = wakes.recv_timeout(NOD).is_ok();
            if !woken && looked.elapsed() < LOOK {
                continue;
            }
            looked = Instant::now();
            let Ok((jobs, gone)) = self.sandbox.store.look(|state| (jobs(state), gone(state))) else { continue };
            self.instances.retain(|id, _| !gone.contains(id));
            for job in jobs {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                // What was cut off by our own end is not how it ended.
                if let Some(ended) = self.carry_out(&job).filter(|_| !stopped.load(Ordering::SeqCst)) {
                    let now = self.sandbox.world.now();
                    // A state that cannot be written now is tried again with the next ring.
                    let _ = self.sandbox.store.update(|state| write_down(state, &job, ended, now));
                }
            }
        }
    }

    /// `None` leaves the job to the process that has the environment's instance.
    fn carry_out(&mut self, job: &Job) -> Option<Ended> {
        let Some((bucket, key)) = &job.bundle else {
            let text = "The sandbox has no sample application: nothing runs in this environment.".to_owned();
            return Some(Ended { outcome: Outcome::Succeeds, events: vec![(Severity::Info, text)], site: None });
        };
        let object = match self.sandbox.buckets.object(bucket, key) {
            Ok(Some(object)) => self.sandbox.buckets.blob(bucket, &object.blob),
            Ok(None) => return Some(failed(format!("s3://{bucket}/{key} is not there."))),
            Err(error) => return Some(failed(error.to_string())),
        };
        let home = self.home.join(&job.environment);
        let now = || self.sandbox.world.now();
        let log = job.logs.then(|| {
            let journal = home.join("var/log/eb-engine.log");
            DeploymentLog::begin(&self.sandbox.buckets, &job.region, &job.environment, &job.request, journal)
        });
        // A log that cannot be written must not end what it is the log of.
        let write = |last: &[String]| log.as_ref().is_none_or(|log| log.write(last, now()).is_ok());
        let mut events = Vec::new();
        let mut hear = |event: instance::Event| {
            if let instance::Event::Step { .. } = event {
                write(&[]);
            }
            let text = match event {
                instance::Event::Unsupported { noun, name, why } => {
                    format!("Not done in the sandbox: {noun} `{name}`: {why}.")
                }
                instance::Event::Warning(text) => text,
                _ => return,
            };
            events.push((Severity::Warn, text));
        };
        let result = match (job.kind, self.instances.get_mut(&job.environment)) {
            (Kind::Deploy, Some(instance)) => instance.deploy(&object, &job.settings, &mut hear),
            (Kind::Configure | Kind::Restart, Some(instance)) => instance.configure(&job.settings, &mut hear),
            _ => {
                self.instances.remove(&job.environment);
                let launch = self.launch(job, &object, &home);
                let launched = Instance::launch(&launch, &self.world, &mut hear);
                launched.map(|instance| drop(self.instances.insert(job.environment.clone(), instance)))
            }
        };
        write(last_words(&result));
        let outcome = match result {
            Ok(()) => self.look(job, &mut events),
            Err(instance::Error::InUse { .. }) => return None,
            Err(error) => {
                events.push((Severity::Error, event_text(&error)));
                Outcome::Fails
            }
        };
        let site = self.instances.get(&job.environment).map(Instance::url);
        Some(Ended { outcome, events, site })
    }

    fn launch(&self, job: &Job, object: &Path, home: &Path) -> Launch {
        let python = job.platform.split_once("Python ").map(|(_, version)| version.trim().to_owned());
        Launch { settings: job.settings.clone(), python, ..Launch::new(object, home) }
    }

    /// Is it well, and where is it?
    fn look(&self, job: &Job, events: &mut Vec<(Severity, String)>) -> Outcome {
        let Some(instance) = self.instances.get(&job.environment) else { return Outcome::Succeeds };
        events.push((Severity::Info, format!("The sandbox serves {} at {}", job.name, instance.url())));
        let health = instance.health();
        events.extend(instance.open_to_others().into_iter().map(|text| (Severity::Warn, text)));
        match health.finding {
            None => Outcome::Succeeds,
            Some(finding) => {
                events.push((Severity::Warn, format!("{}; {}", finding.what, finding.advice())));
                Outcome::TurnsRed
            }
        }
    }
}

/// The last words of the step that failed.
fn last_words<T>(result: &Result<T, instance::Error>) -> &[String] {
    match result {
        Err(instance::Error::Step { tail, .. }) => tail,
        _ => &[],
    }
}

fn failed(message: String) -> Ended {
    Ended { outcome: Outcome::Fails, events: vec![(Severity::Error, message)], site: None }
}

/// The error and the last words of what failed, as an event has room for them.
fn event_text(error: &instance::Error) -> String {
    let tail = match error {
        // An event has room for a few lines.
        instance::Error::Step { tail, .. } => tail[tail.len().saturating_sub(12)..].join("\n"),
        _ => String::new(),
    };
    let hint = crate::fault::Fault::hint(error).filter(|_| tail.is_empty()).unwrap_or_default();
    let text = format!("Engine execution has encountered an error: {error}\n{tail}{hint}");
    text.trim_end().chars().take(1500).collect()
}

fn jobs(state: &State) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (region_name, region) in &state.regions {
        for (id, environment) in &region.environments {
            let Some(operation) = environment.waits() else { continue };
            let version = environment
                .version
                .as_deref()
                .and_then(|label| region.applications.get(&environment.application)?.versions.get(label));
            let mut settings = instance::Settings::default();
            for setting in &environment.settings.0 {
                settings.set(&setting.namespace, &setting.name, setting.value.clone());
            }
            jobs.push(Job {
                region: region_name.clone(),
                environment: id.clone(),
                name: environment.name.clone(),
                kind: operation.kind,
                request: operation.request.clone(),
                bundle: version.and_then(|version| match &version.source {
                    Source::Bundle { bucket, key } => Some((bucket.clone(), key.clone())),
                    Source::Sample => None,
                }),
                settings,
                platform: environment.platform.clone(),
                logs: environment.option(PROPERTIES, OFF).is_none_or(|text| !text.eq_ignore_ascii_case("true")),
            });
        }
    }
    jobs
}

/// Environments whose instance has to go.
fn gone(state: &State) -> Vec<String> {
    let environments = state.regions.values().flat_map(|region| &region.environments);
    environments.filter(|(_, environment)| environment.ends()).map(|(id, _)| id.clone()).collect()
}

fn write_down(state: &mut State, job: &Job, ended: Ended, now: jiff::Timestamp) {
    let Some(region) = state.regions.get_mut(&job.region) else { return };
    let Some(environment) = region.environments.get_mut(&job.environment) else { return };
    // It may have been cancelled meanwhile.
    if environment.operation.as_ref().is_none_or(|operation| operation.request != job.request) {
        return;
    }
    environment.site = ended.site;
    for (severity, message) in ended.events {
        let message = format!("[Instance: {}] {message}", environment.instance);
        region.events.push(environment.event(now, &job.request, severity, message));
    }
    if let Some(operation) = &mut environment.operation {
        operation.outcome = ended.outcome;
        operation.due = Some(now);
    }
    environment.settle(now, &mut region.events);
}
