//! Events, newest first.

use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Value, json};

use super::super::event::{Event, Severity};
use super::super::input::Input;
use super::super::reply::Refusal;
use super::super::state::Region;
use super::call::{Call, time};
use super::page::{newest_first, page};

/// AWS keeps events for six weeks.
const KEPT: SignedDuration = SignedDuration::from_hours(6 * 7 * 24);
/// And so many at once are given.
const AT_ONCE: usize = 1000;

pub(super) fn forget(region: &mut Region, now: Timestamp) {
    let oldest = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    region.events.retain(|event| event.time >= oldest);
}

/// Give events of one moment their own milliseconds, from the place `known` on.
///
/// Clients follow an operation by asking for what is newer than the last event they saw.
pub(super) fn space(events: &mut [Event], known: usize) {
    let step = SignedDuration::from_millis(1);
    for at in known..events.len() {
        events[at].time = events[at].time.round(Unit::Millisecond).unwrap_or(events[at].time);
        let Some(last) = at.checked_sub(1).map(|at| events[at].time) else { continue };
        let gap = events[at].time.duration_since(last);
        if gap < step && gap > SignedDuration::from_secs(-1) {
            events[at].time = last + step;
        }
    }
}

pub(super) fn describe(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let input = &call.input;
    let filter = Filter::read(input);
    // Events are remembered in their order; the place breaks ties between those of one moment.
    let events = region.events.iter().enumerate();
    let mut found: Vec<(usize, &Event)> = events.filter(|(_, event)| filter.takes(event)).collect();
    let name = |(place, event): &(usize, &Event)| newest_first(event.time, &format!("{:09}", 999_999_999 - place));
    found.sort_by_key(name);
    if input.number("MaxRecords").is_none() {
        found.truncate(AT_ONCE);
    }
    let (found, token) = page(input, found.into_iter(), name)?;
    let found: Vec<Value> = found.into_iter().map(|(_, event)| describe_one(event)).collect();
    Ok(json!({"Events": found, "NextToken": token}))
}

fn describe_one(event: &Event) -> Value {
    let subject = &event.subject;
    json!({
        "EventDate": time(event.time),
        "Message": event.message,
        "ApplicationName": subject.application,
        "VersionLabel": subject.version,
        "TemplateName": subject.template,
        "EnvironmentName": subject.environment,
        "RequestId": event.request,
        "Severity": event.severity.wire(),
    })
}

struct Filter<'a> {
    input: &'a Input,
    severity: Option<Severity>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl<'a> Filter<'a> {
    fn read(input: &'a Input) -> Self {
        let moment = |name: &str| input.text(name).and_then(|text| text.parse().ok());
        let severity = input.text("Severity").and_then(Severity::parse);
        Self { input, severity, from: moment("StartTime"), until: moment("EndTime") }
    }

    fn takes(&self, event: &Event) -> bool {
        let subject = &event.subject;
        let same = |name: &str, is: Option<&String>| {
            self.input.text(name).is_none_or(|asked| is.is_some_and(|is| is == asked))
        };
        // The sandbox has no custom platforms, so no event is about one.
        self.input.get("PlatformArn").is_none()
            && same("ApplicationName", subject.application.as_ref())
            && same("VersionLabel", subject.version.as_ref())
            && same("TemplateName", subject.template.as_ref())
            && same("EnvironmentName", subject.environment.as_ref())
            && same("EnvironmentId", subject.environment_id.as_ref())
            && same("RequestId", Some(&event.request))
            && self.severity.is_none_or(|least| event.severity >= least)
            && self.from.is_none_or(|from| event.time >= from)
            && self.until.is_none_or(|until| event.time < until)
    }
}
