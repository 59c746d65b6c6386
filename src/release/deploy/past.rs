//! What ran in an environment before anybody kept a record: its events of the last six weeks name the version of each operation.

use crate::beanstalk::name::Application;
use crate::release::api_error::ApiError;
use crate::release::aws::Aws;
use crate::release::environment::{self, Environment, EnvironmentEvent};
use crate::release::version;

/// The newest other version that came without an error and is still registered.
pub(super) async fn ran_before(
    aws: &Aws,
    application: &Application,
    environment: &Environment,
) -> Result<Option<String>, ApiError> {
    let events = environment::events(aws, &environment.id, None).await?;
    for label in without_errors(&events, environment.label.as_deref()) {
        if version::find(aws, application, label).await?.is_some() {
            return Ok(Some(label.to_owned()));
        }
    }
    Ok(None)
}

/// Other labels whose last operation had no error, newest first. Events of one operation carry the same request.
fn without_errors<'a>(events: &'a [EnvironmentEvent], current: Option<&str>) -> Vec<&'a str> {
    let mut operations: Vec<(&str, &str, bool)> = Vec::new();
    for event in events {
        let (Some(request), Some(label)) = (event.request.as_deref(), event.label.as_deref()) else { continue };
        match operations.iter_mut().find(|(known, _, _)| *known == request) {
            Some((_, about, failed)) => {
                *about = label;
                *failed |= event.is_error();
            }
            None => operations.push((request, label, event.is_error())),
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for (_, label, failed) in operations.into_iter().rev() {
        if seen.contains(&label) {
            continue;
        }
        seen.push(label);
        if !failed && Some(label) != current {
            found.push(label);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::release::environment::Severity;

    #[test]
    fn what_came_without_an_error_ran() {
        let event = |request: &str, label: &str, severity: Severity| EnvironmentEvent {
            time: Timestamp::UNIX_EPOCH,
            severity,
            message: String::new(),
            label: Some(label.to_owned()),
            request: Some(request.to_owned()),
        };
        let (info, error) = (Severity::Info, Severity::Error);
        let events = [
            event("1", "v1", info),
            event("2", "v2", info),
            event("3", "v3", info),
            event("3", "v3", error),
            // It ran once, and not the last time.
            event("4", "v2", error),
            event("5", "v0", info),
            event("6", "v4", info),
        ];
        assert_eq!(without_errors(&events, Some("v4")), ["v0", "v1"]);
        assert_eq!(without_errors(&events[..1], Some("v1")), Vec::<&str>::new());
    }
}
