//! GREEN after it got the name: does it answer there, and does its health stay good?

use std::time::Duration;

use aws_sdk_elasticbeanstalk::types::EnvironmentHealthAttribute;

use super::error::{Error, failed};
use super::record::Exchange;
use super::request::{Event, Options, noted};
use super::sides::{Side, Survey};
use crate::release::api_error::{ApiError, ErrorKind};
use crate::release::aws::Aws;
use crate::release::backoff::Backoff;
use crate::release::call::Call;
use crate::release::deploy::Held;
use crate::release::environment::{self, Environment, Health};
use crate::release::probe::{Site, probe};

/// Calls of a look at two names that move, and at the environment that got the one.
pub(super) const FOLLOW: [&str; 2] = ["DescribeEnvironments", "DescribeEnvironmentHealth"];
/// How many looks in a row are more than a moment.
const DOUBTS: usize = 2;

/// Where GREEN answers before it has the name. `None`: nowhere.
pub(super) fn site(green: &Side, host: &str, named: bool) -> Option<Site> {
    // A certificate is for the name that people use, and nobody else knows that.
    Site::of(&green.environment, host, named && green.has_certificate())
}

/// Test at the name itself, then watch. `Some`: it is bad, and why.
pub(super) async fn look_after(
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
    let (color, status) = (answer.color.unwrap_or_default(), answer.health_status.unwrap_or_default());
    if color.eq_ignore_ascii_case("red") || matches!(status.as_str(), "Degraded" | "Severe") {
        return Ok(Some(sick(&green.name, &color, &status, &answer.causes.unwrap_or_default())));
    }
    // The share of errors among enough requests; a handful says nothing.
    let Some(metrics) = answer.application_metrics else { return Ok(None) };
    let (failing, all) = (metrics.status_codes.and_then(|codes| codes.status5xx).unwrap_or(0), metrics.request_count);
    let bad = all >= 20 && failing * 20 > all;
    Ok(bad.then(|| format!("`{}` answers {failing} of {all} requests with 5xx", green.name)))
}

/// That its health is bad, as far as AWS says how: a status comes with enhanced reporting, and causes a moment later.
fn sick(name: &str, color: &str, status: &str, causes: &[String]) -> String {
    let how = if status.is_empty() { color } else { status };
    let why = if causes.is_empty() { String::new() } else { format!(": {}", causes.join("; ")) };
    format!("the health of `{name}` is {how}{why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_health_is_told_as_far_as_it_is_known() {
        let causes = ["one".to_owned(), "two".to_owned()];
        assert_eq!(sick("shop", "Red", "Severe", &causes), "the health of `shop` is Severe: one; two");
        assert_eq!(sick("shop", "Red", "", &[]), "the health of `shop` is Red");
    }
}
