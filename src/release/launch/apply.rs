//! Carry a plan out: applications, versions, environments in waves, and at the very end the lifecycle rule.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::create;
use super::error::{Error, Problems};
use super::launched::{Launched, LaunchedEnvironment, Outcome};
use super::plan::{Launch, NewVersion, Plan, There};
use super::release::Bundle;
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::environment::{self, Deploy, Property, What};
use crate::release::aws::Aws;
use crate::release::bucket::BundleStore;
use crate::release::deploy::{
    self, Error as DeployError, Event as DeployEvent, Request as DeployRequest, WatchRequest,
};
use crate::release::environment::{Environment, Health, Phase, find};
use crate::release::lifecycle;
use crate::release::operation::Verb;
use crate::release::probe::{Probe, Probed, Site, probe};
use crate::release::publish::{self, Event as PublishEvent, Request as PublishRequest};

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub struct Options {
    /// What stands in `environments/_application.toml`.
    pub application: environment::Application,
    /// The bundles that were packed here, for versions of the plan that are made of one.
    pub packed: Vec<PublishRequest>,
    pub store: BundleStore,
    pub wait: bool,
    pub require_cname: bool,
    /// Seconds that one environment may take, and that it may take to become healthy after it is ready, if somebody says so:
    /// else each has what its file says.
    pub timeout: Option<u64>,
    pub settle: Option<u64>,
}

impl Options {
    /// How long a version may be processed.
    fn processing(&self) -> Duration {
        environment::times(self.timeout, None).0
    }
}

/// What happens on the way.
#[derive(Debug)]
pub enum Event<'a> {
    Application(&'a Application),
    Registering {
        label: &'a str,
    },
    Publishing(PublishEvent<'a>),
    Launching {
        environment: &'a str,
        label: &'a str,
    },
    /// It is there and not good: begun by an earlier run, or unwell. Watching it.
    Joining {
        environment: &'a str,
        moves: bool,
    },
    Watching {
        environment: &'a str,
        id: &'a str,
    },
    Deploying(DeployEvent<'a>),
    /// One more that went wrong, after the one that the launch fails with.
    AlsoFailed(&'a Error),
    Lifecycle(&'a Application),
}

/// Make what the plan says.
pub fn launch(aws: &Aws, plan: &Plan, options: &Options, report: &mut dyn FnMut(Event<'_>)) -> Result<Launched, Error> {
    let began = aws.now();
    let (account, region) = (plan.account.clone(), plan.region.clone());
    let mut done = Launched { account, region, simulated: aws.is_elsewhere(), environments: Vec::new() };
    for new in &plan.applications {
        report(Event::Application(&new.name));
        aws.block_on(create::application(aws, new, &options.application))?;
    }
    for new in &plan.versions {
        version(aws, new, options, report)?;
    }
    for launch in plan.launches() {
        // Registered by an earlier run that did not live to see it processed.
        if let Bundle::Registered { status, .. } = &launch.wanted.release.bundle
            && status.is_under_way()
        {
            aws.block_on(create::processed(aws, &launch.application, &launch.label, options.processing()))?;
        }
    }
    let mut last: Vec<String> = plan.launches().map(|launch| launch.name.to_string()).collect();
    let mut failed = None;
    for there in &plan.there {
        match join(aws, there, options, &last, report) {
            Ok(joined) => done.environments.push(joined),
            // Whoever does not need it does not wait for it: on the day, each site that is there again counts.
            Err(error @ Error::NotGood { .. }) if !is_needed(plan, &there.name) => keep(&mut failed, error, report),
            Err(error) => return Err(error),
        }
    }
    for wave in &plan.waves {
        let mut begun = Vec::new();
        let mut stopped = None;
        for launch in wave {
            match begin(aws, launch, began, options, report) {
                Ok((at, made)) => {
                    last.retain(|name| *name != launch.name.as_str());
                    begun.push((launch, at, made));
                }
                Err(error) => {
                    stopped = Some(error);
                    break;
                }
            }
        }
        // What was asked for is seen through, whatever became of those beside it.
        for (launch, at, made) in begun {
            match see_through(aws, launch, at, made, options, &last, report) {
                Ok(launched) => done.environments.push(launched),
                Err(error) => keep(&mut stopped, error, report),
            }
        }
        if let Some(error) = stopped {
            return Err(error);
        }
    }
    if aws.is_dry_run() && options.wait && !plan.is_empty() {
        aws.note_following(&deploy::FOLLOW);
    }
    rule(aws, plan, options, report)?;
    failed.map_or(Ok(done), Err)
}

/// A launch fails with the first thing that went wrong; the others are told.
fn keep(failed: &mut Option<Error>, error: Error, report: &mut dyn FnMut(Event<'_>)) {
    match failed {
        Some(_) => report(Event::AlsoFailed(&error)),
        None => *failed = Some(error),
    }
}

/// Does something that is about to be launched wait for it?
fn is_needed(plan: &Plan, name: &EnvironmentName) -> bool {
    plan.launches().any(|launch| launch.wanted.target.description.needs().contains(&name.as_str()))
}

/// Ask for an environment.
fn begin(
    aws: &Aws,
    launch: &Launch,
    began: Timestamp,
    options: &Options,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<(Timestamp, Option<Environment>), Error> {
    let values = values(aws, launch)?;
    report(Event::Launching { environment: &launch.name, label: &launch.label });
    let at = aws.now();
    let made = aws.block_on(create::environment(aws, launch, &values, began, options.require_cname))?;
    Ok((at, made))
}

/// What a watch ended with, of an environment that was asked for.
fn not_good(name: &EnvironmentName, id: &str, source: DeployError, behind: &[String]) -> Error {
    let environment = name.to_string();
    match source {
        DeployError::Refused(source) => Error::Lost { environment, source },
        source => Error::NotGood { environment, id: id.to_owned(), source: Box::new(source), behind: behind.to_vec() },
    }
}

fn version(aws: &Aws, new: &NewVersion, options: &Options, report: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
    match (&new.bundle, options.packed.iter().find(|packed| packed.label == new.label)) {
        (Some(bundle), _) => {
            report(Event::Registering { label: &new.label });
            aws.block_on(create::version(aws, &new.application, &new.label, bundle, options.processing()))
        }
        (None, Some(packed)) => {
            let request =
                PublishRequest { application: new.application.clone(), create_application: true, ..packed.clone() };
            publish::publish(aws, &request, &mut |event| report(Event::Publishing(event)))?;
            Ok(())
        }
        // A plan with such a version is made with its bundle.
        (None, None) => Ok(()),
    }
}

/// Values that are made, or read from environments that are good by now.
fn values(aws: &Aws, launch: &Launch) -> Result<BTreeMap<String, String>, Error> {
    let mut values = BTreeMap::new();
    for sent in launch.later() {
        let name = &sent.option.name;
        let value = match launch.wanted.target.description.properties.get(name) {
            // A dry run shows what it would be, and makes nothing.
            _ if aws.is_dry_run() => continue,
            Some(Property::Random(length)) => random(*length).map_err(|source| Error::Random { source })?,
            Some(Property::From { environment, what }) => aws.block_on(told(aws, launch, environment, *what))?,
            _ => continue,
        };
        values.insert(name.clone(), value);
    }
    Ok(values)
}

async fn told(aws: &Aws, launch: &Launch, needed: &str, what: What) -> Result<String, Error> {
    let untold =
        || Error::Untold { environment: launch.name.to_string(), needed: needed.to_owned(), what: what.word() };
    let name: EnvironmentName = needed.parse().map_err(|_| untold())?;
    let living = find(aws, &launch.application, &name).await?.ok_or_else(untold)?;
    let value = match what {
        What::Url => living.url.clone(),
        What::Queue => create::queue(aws, &living).await?,
    };
    value.ok_or_else(untold)
}

/// Letters and digits from the system's own randomness, each as likely as the others.
fn random(length: usize) -> std::io::Result<String> {
    use std::io::Read;
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = vec![0; length];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    // 64 letters, so that no byte is preferred.
    Ok(bytes.into_iter().map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()])).collect())
}

fn request(
    name: &EnvironmentName,
    application: &Application,
    label: &str,
    deploy: &Deploy,
    options: &Options,
) -> DeployRequest {
    let (timeout, settle) = environment::times(options.timeout.or(deploy.timeout), options.settle.or(deploy.settle));
    DeployRequest {
        application: application.clone(),
        environment: name.clone(),
        label: label.to_owned(),
        verb: Verb::Deploy,
        take_over: false,
        runs: None,
        when_ready: false,
        wait: true,
        timeout,
        settle,
        bundle_store: Some(options.store.clone()),
        steps: false,
    }
}

/// An environment that is there: good, on its way because an earlier run began it, or unwell, which is no success.
fn join(
    aws: &Aws,
    there: &There,
    options: &Options,
    behind: &[String],
    report: &mut dyn FnMut(Event<'_>),
) -> Result<LaunchedEnvironment, Error> {
    let mut done = LaunchedEnvironment {
        name: there.name.clone(),
        application: there.application.clone(),
        id: Some(there.id.clone()),
        label: there.label.clone(),
        url: there.url.clone(),
        outcome: Outcome::Unchanged,
        seconds: None,
        visible: None,
        smoke: Vec::new(),
    };
    if !options.wait || aws.is_dry_run() {
        return Ok(done);
    }
    let Some(label) = &there.label else {
        return match (there.status, there.health) {
            (Phase::Ready, Health::Good | Health::Open) => Ok(done),
            (status, _) => Err(Error::NoVersion {
                environment: there.name.to_string(),
                id: there.id.clone(),
                moves: status == Phase::Busy,
            }),
        };
    };
    let request = request(&there.name, &there.application, label, &there.deploy, options);
    if there.status == Phase::Ready && there.health == Health::Good {
        // An earlier run may have ended between its success and its last words.
        deploy::confirm(aws, &request, &mut |event| report(Event::Deploying(event)));
        done.smoke = smoke(aws, &there.application, &there.name, &there.deploy)?;
        return Ok(done);
    }
    report(Event::Joining { environment: &there.name, moves: there.status == Phase::Busy });
    let watched = deploy::watch(aws, &WatchRequest::of(&request), &mut |event| report(Event::Deploying(event)));
    let deployed = watched.map_err(|source| not_good(&there.name, &there.id, source, behind))?;
    done.url = deployed.url;
    done.smoke = smoke(aws, &there.application, &there.name, &there.deploy)?;
    Ok(done)
}

/// See a new environment through to its end.
fn see_through(
    aws: &Aws,
    launch: &Launch,
    at: Timestamp,
    made: Option<Environment>,
    options: &Options,
    behind: &[String],
    report: &mut dyn FnMut(Event<'_>),
) -> Result<LaunchedEnvironment, Error> {
    let mut done = LaunchedEnvironment {
        name: launch.name.clone(),
        application: launch.application.clone(),
        id: made.as_ref().map(|made| made.id.clone()),
        label: Some(launch.label.clone()),
        url: made.as_ref().and_then(|made| made.url.clone()),
        outcome: Outcome::Started,
        seconds: None,
        visible: None,
        smoke: Vec::new(),
    };
    let Some(made) = made.filter(|_| options.wait) else { return Ok(done) };
    report(Event::Watching { environment: &launch.name, id: &made.id });
    let deploy = &launch.wanted.target.description.deploy;
    let request = request(&launch.name, &launch.application, &launch.label, deploy, options);
    let watched = deploy::watch(aws, &WatchRequest::of(&request), &mut |event| report(Event::Deploying(event)));
    let deployed = watched.map_err(|source| not_good(&launch.name, &made.id, source, behind))?;
    done.url = deployed.url;
    done.outcome = Outcome::Launched;
    done.seconds = Some(aws.now().duration_since(at).as_secs());
    done.smoke = smoke(aws, &launch.application, &launch.name, deploy)?;
    if !done.smoke.is_empty() && done.smoke.iter().all(|probed| probed.passed) {
        done.visible = Some(aws.now().duration_since(at).as_secs());
    }
    Ok(done)
}

/// Ask for the paths that have to answer, at the environment's own address and under its own name.
fn smoke(aws: &Aws, application: &Application, name: &EnvironmentName, deploy: &Deploy) -> Result<Vec<Probed>, Error> {
    let probes: Vec<Probe> = deploy.smoke.iter().map(Probe::from).collect();
    if probes.is_empty() {
        return Ok(Vec::new());
    }
    aws.block_on(async {
        let now = find(aws, application, name).await?;
        let site = now.as_ref().and_then(|now| Site::of(now, now.cname.as_deref().unwrap_or_default(), false));
        Ok(match site {
            Some(site) => probe(&site, &probes).await,
            // Where nothing runs, nothing answers: an embedded AWS without `--run`.
            None => Vec::new(),
        })
    })
}

/// The rule by which versions are deleted, where an application has none. Last: it deletes at each registration.
fn rule(aws: &Aws, plan: &Plan, options: &Options, report: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
    let Some(rule) = &options.application.lifecycle else { return Ok(()) };
    let mut applications: Vec<&Application> = plan.launches().map(|launch| &launch.application).collect();
    applications.extend(plan.there.iter().map(|there| &there.application));
    applications.sort();
    applications.dedup();
    for application in applications {
        if aws.block_on(lifecycle::begin(aws, application, rule))? {
            report(Event::Lifecycle(application));
        }
    }
    Ok(())
}

impl Plan {
    /// The plan, or all that speaks against it.
    pub fn sound(self) -> Result<Self, Problems> {
        if self.problems.is_empty() { Ok(self) } else { Err(Problems(self.problems)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_values_differ_and_need_no_quotes() {
        let (one, other) = (random(50).unwrap(), random(50).unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 50);
        assert!(one.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    }
}
