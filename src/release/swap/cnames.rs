//! The two names: the call that exchanges them, and where they are.

use std::time::Duration;

use super::error::Error;
use super::record::Exchange;
use super::request::Event;
use super::sides::{Side, Survey};
use super::watch::FOLLOW;
use crate::release::aws::Aws;
use crate::release::backoff::Backoff;
use crate::release::call::Call;
use crate::release::environment::{self, Environment, Phase};

/// Looks at names that do not move before the request counts as not made.
const IDLE_LOOKS: usize = 8;
/// A swap takes seconds.
pub(super) const SWAP: Duration = Duration::from_secs(300);

/// Make the call, and see where the names are afterwards.
pub(super) async fn go(
    aws: &Aws,
    survey: &Survey,
    exchange: &Exchange,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let (from, to) = (&survey.blue.environment, &survey.green.environment);
    let call = Call::eb("SwapEnvironmentCNAMEs")
        .with("SourceEnvironmentId", &from.id)
        .with("DestinationEnvironmentId", &to.id);
    let request = aws.eb.swap_environment_cnames().source_environment_id(&from.id).destination_environment_id(&to.id);
    let answer = aws.write(call, request.send()).await;
    if aws.is_dry_run() {
        aws.note_following(&FOLLOW);
        return Ok(());
    }
    let error = match answer {
        Ok(_) => None,
        Err(error) if error.may_be_done() => Some(error),
        Err(error) => return Err(error.into()),
    };
    let moved = follow(aws, survey, &exchange.name, &exchange.other, error.is_some(), report).await;
    // The names are exchanged by now, or may be: who cannot see them any more is told the way on, and the way back.
    let may_be = error.as_ref().is_none_or(|error| !error.was_answered());
    let moved = moved.map_err(|error| match error {
        Error::Api(source) if may_be => {
            Error::Lost { name: exchange.name.clone(), blue: from.name.clone(), green: to.name.clone(), source }
        }
        error => error,
    })?;
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

/// The two as they live now, and whether their names are exchanged. `None`: neither that nor as before.
pub(super) fn both<'a>(
    living: &'a [Environment],
    survey: &Survey,
    name: &str,
    other: &str,
) -> Option<([&'a Environment; 2], bool)> {
    let find = |side: &Side| living.iter().find(|living| living.id == side.environment.id);
    let (blue, green) = (find(&survey.blue)?, find(&survey.green)?);
    let names = (blue.cname.as_deref(), green.cname.as_deref());
    let exchanged = names == (Some(other), Some(name));
    (exchanged || names == (Some(name), Some(other))).then_some(([blue, green], exchanged))
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
            let Some((both, exchanged)) = both(&living, survey, name, other) else { return Ok(Moved::Elsewhere) };
            let busy = both.into_iter().find(|environment| environment.status != Phase::Ready);
            if exchanged {
                if busy.is_none() {
                    return Ok(Moved::There);
                }
            } else {
                idle += 1;
                if doubtful && idle >= IDLE_LOOKS {
                    return Ok(busy.map_or(Moved::NotYet, |busy| Moved::Busy(busy.name.clone())));
                }
            }
        }
        if !backoff.wait(aws).await {
            return Ok(Moved::NotYet);
        }
    }
}
