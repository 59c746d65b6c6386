//! Carry a swap out: test, claim, record, exchange, test again, watch, and if it is bad, exchange once more.

use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_elasticbeanstalk::types::EnvironmentHealthAttribute;
use serde::Serialize;

use super::error::{Error, failed};
use super::record::{self, Exchange};
use super::sides::{Side, Stand, Survey};
use crate::beanstalk::name::Application;
use crate::release::api_error::{ApiError, ErrorKind};
use crate::release::aws::Aws;
use crate::release::backoff::Backoff;
use crate::release::bucket::{BundleBucket, BundleStore};
use crate::release::call::Call;
use crate::release::deploy::{self, Event as DeployEvent, Held, Request};
use crate::release::environment::{self, Environment, Health, Phase};
use crate::release::operation::Verb;
use crate::release::probe::{Probe, Probed, Site, probe};

/// How a swap is carried out.
#[derive(Debug, Clone)]
pub struct Options {
    pub store: BundleStore,
    /// Folder in which runs of this machine leave word of themselves.
    pub runs: Option<PathBuf>,
    pub probes: Vec<Probe>,
    /// The name that visitors use, if it is not the one that is swapped.
    pub host: Option<String>,
    /// How long to look at it afterwards.
    pub watch: Duration,
    pub take_over: bool,
}

/// What happens on the way.
#[derive(Debug)]
pub enum Event<'a> {
    Testing {
        environment: &'a str,
        host: &'a str,
    },
    Tested(&'a Probed),
    /// There is no site to be tested, and why.
    NotTested(&'a str),
    Swapping {
        name: &'a str,
        from: &'a str,
        to: &'a str,
    },
    /// An earlier run did it, and did not live to see whether it was good.
    Resuming,
    Watching(Duration),
    /// Something looks bad; if the next look shows it too, it goes back.
    Doubtful(&'a str),
    GoingBack(&'a str),
    NotRecorded(&'a ApiError),
    NotSeen(&'a ApiError),
}

/// What a swap came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Swapped {
    pub account: Option<String>,
    pub region: String,
    pub blue: String,
    pub green: String,
    /// The name that visitors use, which GREEN has now.
    pub name: String,
    /// The name that BLUE has now.
    pub other: String,
    pub outcome: Outcome,
    pub tests: Tested,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Swapped,
    /// It was so already.
    Unchanged,
    /// Tested, and held.
    Held,
}

/// Tests of GREEN before the swap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tested {
    pub probes: Vec<Probed>,
    /// Why nothing was tested, if nothing was.
    pub not_tested: Option<String>,
}

/// How many looks in a row are more than a moment.
const DOUBTS: usize = 2;
/// Looks at names that do not move before the request counts as not made.
const IDLE_LOOKS: usize = 8;
/// A swap takes seconds.
const SWAP: Duration = Duration::from_secs(300);

impl Survey {
    fn name(&self) -> &str {
        self.blue.environment.cname.as_deref().unwrap_or_default()
    }

    pub(super) fn outcome(&self, outcome: Outcome, tests: Tested) -> Swapped {
        let (blue, green) = (&self.blue.environment, &self.green.environment);
        // Of what is exchanged already, GREEN has the name.
        let (name, other) = if self.stand == Stand::Open { (blue, green) } else { (green, blue) };
        Swapped {
            account: self.account.clone(),
            region: self.region.clone(),
            blue: blue.name.clone(),
            green: green.name.clone(),
            name: name.cname.clone().unwrap_or_default(),
            other: other.cname.clone().unwrap_or_default(),
            outcome,
            tests,
        }
    }
}

/// Where GREEN answers before it has the name. `None`: nowhere.
fn site(green: &Side, host: &str, named: bool) -> Option<Site> {
    // A certificate is for the name that people use, and nobody else knows that.
    Site::of(&green.environment, host, named && green.has_certificate())
}

/// Test GREEN at its own address, under the name that it shall have.
pub fn test(aws: &Aws, survey: &Survey, options: &Options, report: &mut dyn FnMut(Event<'_>)) -> Result<Tested, Error> {
    let host = options.host.clone().unwrap_or_else(|| survey.name().to_owned());
    let green = &survey.green;
    let Some(site) = site(green, &host, options.host.is_some()) else {
        let why = format!("`{}` has no address where a site answers", green.environment.name);
        report(Event::NotTested(&why));
        return Ok(Tested { probes: Vec::new(), not_tested: Some(why) });
    };
    report(Event::Testing { environment: &green.environment.name, host: &host });
    let probes = aws.block_on(probe(&site, &options.probes));
    probes.iter().for_each(|probed| report(Event::Tested(probed)));
    match failed(&probes) {
        None => Ok(Tested { probes, not_tested: None }),
        Some(_) => Err(Error::Smoke(probes)),
    }
}

/// Exchange the names.
pub fn swap(
    aws: &Aws,
    survey: &Survey,
    tests: Tested,
    options: &Options,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Swapped, Error> {
    if survey.stand == Stand::Done {
        return Ok(survey.outcome(Outcome::Unchanged, tests));
    }
    aws.block_on(async {
        let mut held = Vec::new();
        let claimed = claim(aws, survey, options, &mut held, report).await;
        let done = match claimed {
            Ok(()) => claimed_swap(aws, survey, tests, options, &mut held, report).await,
            Err(error) => Err(error),
        };
        for held in held {
            held.end(aws, &mut |event| noted(&event, report)).await;
        }
        done
    })
}

fn noted(event: &DeployEvent<'_>, report: &mut dyn FnMut(Event<'_>)) {
    match event {
        DeployEvent::NotRecorded(error) => report(Event::NotRecorded(error)),
        DeployEvent::NotSeen(error) => report(Event::NotSeen(error)),
        _ => {}
    }
}

/// See that nobody moves either of the two: always in the same order, so that two swaps never wait for each other.
async fn claim(
    aws: &Aws,
    survey: &Survey,
    options: &Options,
    held: &mut Vec<Held>,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let mut both = [&survey.blue.environment, &survey.green.environment];
    both.sort_by(|one, other| one.id.cmp(&other.id));
    for environment in both {
        let unknown = || Error::NoApplication { name: environment.name.clone() };
        let request = Request {
            application: environment.application.parse().map_err(|_| unknown())?,
            environment: environment.name.parse().map_err(|_| unknown())?,
            label: environment.label.clone().unwrap_or_default(),
            verb: Verb::Swap,
            take_over: options.take_over,
            when_ready: false,
            wait: true,
            timeout: SWAP,
            settle: SWAP,
            bundle_store: Some(options.store.clone()),
            runs: options.runs.clone(),
            steps: false,
        };
        held.extend(deploy::claim(aws, &request, environment, &mut |event| noted(&event, report)).await?);
    }
    Ok(())
}

async fn claimed_swap(
    aws: &Aws,
    survey: &Survey,
    tests: Tested,
    options: &Options,
    held: &mut [Held],
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Swapped, Error> {
    let (blue, green) = (&survey.blue.environment, &survey.green.environment);
    let application: Application =
        blue.application.parse().map_err(|_| Error::NoApplication { name: blue.name.clone() })?;
    let bucket = options.store.open(aws).await?;
    let key = record::key(&options.store, &application, &blue.id, &green.id);
    let exchange = if survey.stand == Stand::Exchanged {
        report(Event::Resuming);
        record::read(aws, &bucket, &key).await?
    } else {
        let exchange = Exchange::new(aws, blue, green);
        if let Some(exchange) = &exchange {
            exchange.put(aws, &bucket, &key).await?;
            report(Event::Swapping { name: &exchange.name, from: &blue.name, to: &green.name });
            go(aws, survey, exchange, report).await?;
        }
        exchange
    };
    let Some(exchange) = exchange else { return Ok(survey.outcome(Outcome::Unchanged, tests)) };
    if aws.is_dry_run() {
        return Ok(survey.outcome(Outcome::Swapped, tests));
    }
    // From here on, visitors come to GREEN, whatever becomes of this run.
    let lost = |error: Error| match error {
        Error::Api(source) => {
            Error::Lost { name: exchange.name.clone(), blue: blue.name.clone(), green: green.name.clone(), source }
        }
        error => error,
    };
    let bad = look_after(aws, survey, &exchange, options, held, report).await.map_err(lost)?;
    if let Some(why) = bad {
        report(Event::GoingBack(&why));
        return Err(back(aws, survey, &exchange, why, report).await);
    }
    finish(aws, &bucket, &key, exchange, report).await;
    Ok(survey.outcome(Outcome::Swapped, tests))
}

/// The last words: without them the same command again looks at it once more.
async fn finish(aws: &Aws, bucket: &BundleBucket, key: &str, exchange: Exchange, report: &mut dyn FnMut(Event<'_>)) {
    let ended = Exchange { ended: Some(aws.now()), ..exchange };
    for _ in 0..2 {
        match ended.put(aws, bucket, key).await {
            Ok(()) => return,
            Err(error) => report(Event::NotRecorded(&error)),
        }
    }
}

/// Make the call, and see where the names are afterwards.
async fn go(aws: &Aws, survey: &Survey, exchange: &Exchange, report: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
    let (from, to) = (&survey.blue.environment, &survey.green.environment);
    let call = Call::eb("SwapEnvironmentCNAMEs")
        .with("SourceEnvironmentId", &from.id)
        .with("DestinationEnvironmentId", &to.id);
    let request = aws.eb.swap_environment_cnames().source_environment_id(&from.id).destination_environment_id(&to.id);
    let answer = aws.write(call, request.send()).await;
    if aws.is_dry_run() {
        for watching in ["DescribeEnvironments", "DescribeEnvironmentHealth"] {
            aws.note_actions(&Call::eb(watching));
        }
        return Ok(());
    }
    let error = match answer {
        Ok(_) => None,
        // Nobody knows whether it was done, or it was refused because the first attempt is at work.
        Err(error) if !error.was_answered() || error.kind() == ErrorKind::Refused => Some(error),
        Err(error) => return Err(error.into()),
    };
    let moved = follow(aws, survey, &exchange.name, &exchange.other, error.is_some(), report).await?;
    match (moved, error) {
        (Moved::There, _) => Ok(()),
        (Moved::Elsewhere, _) => Err(Error::Elsewhere { name: exchange.name.clone(), green: to.name.clone() }),
        (Moved::Busy(name), Some(error)) if error.was_answered() => Err(Error::NotReady { name }),
        (_, Some(error)) => Err(error.into()),
        (_, None) => {
            Err(Error::NotMoved { name: exchange.name.clone(), blue: from.name.clone(), green: to.name.clone() })
        }
    }
}

/// Where the two names are.
enum Moved {
    There,
    NotYet,
    /// Not moved, and this one is at something else.
    Busy(String),
    Elsewhere,
}

/// Watch the names until they are exchanged and both are ready. `doubtful`: perhaps nothing was asked for.
async fn follow(
    aws: &Aws,
    survey: &Survey,
    name: &str,
    other: &str,
    doubtful: bool,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Moved, Error> {
    let mut backoff = Backoff::new(aws, Duration::from_secs(4), SWAP);
    let mut idle = 0;
    loop {
        let look = environment::everywhere(aws).await;
        if let Some(living) = backoff.see(aws, look, |error| report(Event::NotSeen(error)))? {
            let find = |side: &Side| living.iter().find(|living| living.id == side.environment.id);
            let (Some(blue), Some(green)) = (find(&survey.blue), find(&survey.green)) else {
                return Ok(Moved::Elsewhere);
            };
            let names = (blue.cname.as_deref(), green.cname.as_deref());
            let ready = blue.status == Phase::Ready && green.status == Phase::Ready;
            if names == (Some(other), Some(name)) {
                if ready {
                    return Ok(Moved::There);
                }
            } else if names != (Some(name), Some(other)) {
                return Ok(Moved::Elsewhere);
            } else {
                idle += 1;
                if doubtful && idle >= IDLE_LOOKS {
                    let busy = [blue, green].into_iter().find(|environment| environment.status != Phase::Ready);
                    return Ok(busy.map_or(Moved::NotYet, |busy| Moved::Busy(busy.name.clone())));
                }
            }
        }
        if !backoff.wait(aws).await {
            return Ok(Moved::NotYet);
        }
    }
}

/// Test at the name itself, then watch. `Some`: it is bad, and why.
async fn look_after(
    aws: &Aws,
    survey: &Survey,
    exchange: &Exchange,
    options: &Options,
    held: &mut [Held],
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Option<String>, Error> {
    let host = options.host.clone().unwrap_or_else(|| exchange.name.clone());
    if let Some(site) = site(&survey.green, &host, options.host.is_some()) {
        // On this machine a name leads nowhere.
        let local = site.address.starts_with("127.") || site.address.starts_with("localhost");
        let address = if local { site.address.clone() } else { host.clone() };
        report(Event::Testing { environment: &survey.green.environment.name, host: &host });
        let probes = probe(&Site { address, ..site }, &options.probes).await;
        probes.iter().for_each(|probed| report(Event::Tested(probed)));
        if let Some(why) = failed(&probes) {
            return Ok(Some(why));
        }
    }
    if options.watch.is_zero() {
        return Ok(None);
    }
    report(Event::Watching(options.watch));
    let mut backoff = Backoff::new(aws, Duration::from_secs(8), options.watch);
    let mut doubts = 0;
    loop {
        for held in held.iter_mut() {
            held.beat(aws, &mut |event| noted(&event, report)).await;
        }
        let look = doubt(aws, &survey.green.environment).await;
        match backoff.see(aws, look, |error| report(Event::NotSeen(error)))? {
            Some(Some(why)) => {
                doubts += 1;
                if doubts >= DOUBTS {
                    return Ok(Some(why));
                }
                report(Event::Doubtful(&why));
            }
            Some(None) => doubts = 0,
            None => {}
        }
        if !backoff.wait(aws).await {
            return Ok(None);
        }
    }
}

/// What looks bad at the environment, if anything does.
async fn doubt(aws: &Aws, green: &Environment) -> Result<Option<String>, ApiError> {
    use EnvironmentHealthAttribute::{ApplicationMetrics, Causes, Color, HealthStatus};
    let call = Call::eb("DescribeEnvironmentHealth").with("EnvironmentId", &green.id);
    let request = aws.eb.describe_environment_health().environment_id(&green.id);
    let request = [Causes, Color, HealthStatus, ApplicationMetrics]
        .into_iter()
        .fold(request, |request, name| request.attribute_names(name));
    let answer = match aws.read(call, request.send()).await {
        Ok(answer) => answer,
        // Basic health has a colour alone, which the environment itself has too.
        Err(error) if error.kind() == ErrorKind::Refused || error.kind() == ErrorKind::Denied => {
            let living = environment::everywhere(aws).await?;
            let bad = living.iter().any(|living| living.id == green.id && living.health == Health::Bad);
            return Ok(bad.then(|| format!("the health of `{}` is bad", green.name)));
        }
        Err(error) => return Err(error),
    };
    let causes = answer.causes.unwrap_or_default().join("; ");
    let status = answer.health_status.unwrap_or_default();
    let red = answer.color.is_some_and(|color| color.eq_ignore_ascii_case("red"));
    if red || matches!(status.as_str(), "Degraded" | "Severe") {
        return Ok(Some(format!("the health of `{}` is {status}: {causes}", green.name)));
    }
    // The share of errors among enough requests; a handful says nothing.
    let Some(metrics) = answer.application_metrics else { return Ok(None) };
    let (failing, all) = (metrics.status_codes.and_then(|codes| codes.status5xx).unwrap_or(0), metrics.request_count);
    let bad = all >= 20 && failing * 20 > all;
    Ok(bad.then(|| format!("`{}` answers {failing} of {all} requests with 5xx", green.name)))
}

/// The same call once more.
async fn back(
    aws: &Aws,
    survey: &Survey,
    exchange: &Exchange,
    why: String,
    report: &mut dyn FnMut(Event<'_>),
) -> Error {
    let (blue, green) = (&survey.blue.environment, &survey.green.environment);
    let turned = Exchange { name: exchange.other.clone(), other: exchange.name.clone(), ..exchange.clone() };
    // A call that broke in passing is made again: in between, `go` has looked where the names are.
    let mut done = go(aws, survey, &turned, report).await;
    if matches!(&done, Err(Error::Api(error)) if error.may_pass()) {
        done = go(aws, survey, &turned, report).await;
    }
    match done {
        Ok(()) => Error::SwappedBack { name: exchange.name.clone(), green: green.name.clone(), why },
        Err(error @ Error::Elsewhere { .. }) => error,
        Err(source) => Error::NotBack {
            name: exchange.name.clone(),
            green: green.name.clone(),
            blue: blue.name.clone(),
            why,
            source: Box::new(source),
        },
    }
}
