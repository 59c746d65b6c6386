//! Carry a swap out: test, claim, record, exchange, test again, watch, and if it is bad, exchange once more.

use super::cnames::{SWAP, both, go};
use super::error::{Error, failed};
use super::record::{self, Exchange};
use super::request::{Event, Options, Outcome, Swapped, Tested, noted};
use super::sides::{Stand, Survey};
use super::watch::{look_after, site};
use crate::beanstalk::name::Application;
use crate::release::aws::Aws;
use crate::release::bucket::BundleBucket;
use crate::release::deploy::{self, Held, Request};
use crate::release::environment;
use crate::release::operation::Verb;
use crate::release::probe::{Site, probe};

impl Survey {
    /// What it has come to.
    pub fn outcome(&self, outcome: Outcome, tests: Tested) -> Swapped {
        let (blue, green) = (&self.blue.environment, &self.green.environment);
        let (name, other) = self.names();
        Swapped {
            account: self.account.clone(),
            region: self.region.clone(),
            blue: blue.name.clone(),
            green: green.name.clone(),
            name: name.unwrap_or_default().to_owned(),
            other: other.unwrap_or_default().to_owned(),
            outcome,
            tests,
        }
    }

    /// Where GREEN is tested, under the name that it shall have; or why it cannot be.
    fn tested_at(&self, host: Option<&str>) -> Result<Site, String> {
        let name = host.or(self.names().0).unwrap_or_default();
        let at = site(&self.green, name, host.is_some());
        at.ok_or_else(|| format!("`{}` has no address where a site answers", self.green.environment.name))
    }

    /// Why nothing can be tested, if that is so.
    pub fn untestable(&self, options: &Options) -> Option<String> {
        self.tested_at(options.host.as_deref()).err()
    }
}

/// Test GREEN at its own address, under the name that it shall have.
pub fn test(aws: &Aws, survey: &Survey, options: &Options, report: &mut dyn FnMut(Event<'_>)) -> Result<Tested, Error> {
    let site = match survey.tested_at(options.host.as_deref()) {
        Ok(site) => site,
        Err(why) => {
            report(Event::NotTested(&why));
            return Ok(Tested { probes: Vec::new(), not_tested: Some(why) });
        }
    };
    report(Event::Testing { environment: &survey.green.environment.name, host: &site.host });
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
    let exchange = exchanged(aws, survey, &bucket, &key, report).await?;
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

/// See that the names are exchanged, once. `None`: they are, and nobody needs to look how that went.
async fn exchanged(
    aws: &Aws,
    survey: &Survey,
    bucket: &BundleBucket,
    key: &str,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Option<Exchange>, Error> {
    let Some(wanted) = Exchange::new(aws, survey) else { return Ok(None) };
    let (from, to) = (&survey.blue.environment.name, &survey.green.environment.name);
    let elsewhere = || Error::Elsewhere { name: wanted.name.clone(), green: to.clone() };
    // Another run may have done it between the first look and the claim, and a second exchange would undo it.
    let living = environment::everywhere(aws).await?;
    let ([blue, green], there) = both(&living, survey, &wanted.name, &wanted.other).ok_or_else(elsewhere)?;
    if !there && survey.stand == Stand::Open {
        wanted.put(aws, bucket, key).await?;
        report(Event::Swapping { name: &wanted.name, from, to });
        go(aws, survey, &wanted, report).await?;
        return Ok(Some(wanted));
    }
    match record::holding(aws, bucket, key, blue, green).await? {
        Some(left) if left.ended.is_none() => {
            report(Event::Resuming);
            Ok(Some(left))
        }
        Some(_) => Ok(None),
        None if !there => Err(elsewhere()),
        // Somebody else's, who left no word. With ours, the same command again does not undo it either.
        None => {
            finish(aws, bucket, key, wanted, report).await;
            Ok(None)
        }
    }
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
    if matches!(&done, Err(Error::Api(error) | Error::Lost { source: error, .. }) if error.may_pass()) {
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
