//! The lifecycle policy of an application: after a new version was made, old ones go.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::event::{Severity, Subject};
use super::super::faults::Injection;
use super::super::reply::Refusal;
use super::super::state::{Region, Source, Version};
use super::call::{Call, broken};

/// The one refusal that comes after the deed.
pub(super) const SOURCE_BUNDLE_STAYS: &str = "SourceBundleDeletionFailure";
/// So many versions go at most, each time.
const AT_ONCE: usize = 100;

/// Which versions a rule says are too many, from the labels sorted with the newest first.
fn surplus<'a>(rule: &Value, labels: &[(&'a str, jiff::Timestamp)], now: jiff::Timestamp) -> Vec<&'a str> {
    let enabled = |name: &str| rule.get(name).filter(|rule| rule.get("Enabled") == Some(&Value::Bool(true)));
    let number = |rule: &Value, name: &str| rule.get(name).and_then(Value::as_i64);
    if let Some(count) = enabled("MaxCountRule").and_then(|rule| number(rule, "MaxCount")) {
        let count = usize::try_from(count).unwrap_or_default();
        return labels.iter().skip(count).map(|(label, _)| *label).collect();
    }
    if let Some(days) = enabled("MaxAgeRule").and_then(|rule| number(rule, "MaxAgeInDays")) {
        let age = SignedDuration::from_hours(days.saturating_mul(24));
        let old = labels.iter().filter(|(_, created)| now.duration_since(*created) >= age);
        return old.map(|(label, _)| *label).collect();
    }
    Vec::new()
}

/// A policy as it is described: rules that nobody set are there, with their defaults, and disabled.
pub(super) fn described(policy: Option<&Value>) -> Value {
    let rule = |name: &str, limit: &str, default: i64| {
        let own = policy.and_then(|policy| policy.get("VersionLifecycleConfig")?.get(name));
        let of = |field: &str| own.and_then(|rule| rule.get(field)).filter(|value| !value.is_null()).cloned();
        json!({
            "Enabled": of("Enabled").unwrap_or(json!(false)),
            limit: of(limit).unwrap_or(json!(default)),
            "DeleteSourceFromS3": of("DeleteSourceFromS3").unwrap_or(json!(false)),
        })
    };
    json!({
        "ServiceRole": policy.and_then(|policy| policy.get("ServiceRole")),
        "VersionLifecycleConfig": {
            "MaxCountRule": rule("MaxCountRule", "MaxCount", 200),
            "MaxAgeRule": rule("MaxAgeRule", "MaxAgeInDays", 180),
        },
    })
}

/// Apply the policy; the version that was just made does not count.
pub(super) fn prune(call: &Call<'_>, region: &mut Region, name: &str, new: &str) -> Result<(), Refusal> {
    let application = region.application_mut(name)?;
    let rule = application.lifecycle.as_ref().and_then(|policy| policy.get("VersionLifecycleConfig")).cloned();
    let Some(rule) = rule else { return Ok(()) };
    let versions = application.versions.iter().filter(|(label, _)| *label != new);
    let mut labels: Vec<(&str, jiff::Timestamp)> =
        versions.map(|(label, version)| (label.as_str(), version.created)).collect();
    labels.sort_by_key(|(label, created)| (std::cmp::Reverse(*created), *label));
    let mut old: Vec<String> = surplus(&rule, &labels, call.now).into_iter().map(str::to_owned).collect();
    old.reverse();
    old.retain(|label| !region.spares(call.now, name, label));
    old.truncate(AT_ONCE);
    let flag = |name: &str| {
        let rule = rule.get(name).filter(|rule| rule.get("Enabled") == Some(&Value::Bool(true)));
        rule.and_then(|rule| rule.get("DeleteSourceFromS3")) == Some(&Value::Bool(true))
    };
    let with_source = flag("MaxCountRule") || flag("MaxAgeRule");
    for label in old {
        let Some(version) = region.application_mut(name)?.versions.remove(&label) else { continue };
        if with_source {
            delete_source(call, &version)?;
        }
        let message = format!("Deleted Application Version: {label} by the lifecycle policy.");
        region.events.push(call.event(Severity::Info, Subject::version(name, &label), message));
    }
    Ok(())
}

/// Delete a version's object. Other versions may name the same one; S3 does not ask.
pub(super) fn delete_source(call: &Call<'_>, version: &Version) -> Result<(), Refusal> {
    let Source::Bundle { bucket, key } = &version.source else { return Ok(()) };
    let stays = call.fault == Some(Injection::BundleStays);
    if stays || call.buckets.bucket(bucket).map_err(broken)?.is_none() {
        let message =
            format!("Unable to delete the source bundle {key} in {bucket}. The application version was deleted.");
        return Err(Refusal::new(400, SOURCE_BUNDLE_STAYS, message));
    }
    call.buckets.delete_object(bucket, key).map_err(broken)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_nobody_set_is_described_and_disabled() {
        let none = described(None);
        assert_eq!(none["VersionLifecycleConfig"]["MaxCountRule"]["MaxCount"], 200);
        assert_eq!(none["VersionLifecycleConfig"]["MaxAgeRule"]["MaxAgeInDays"], 180);
        assert_eq!(none["VersionLifecycleConfig"]["MaxAgeRule"]["Enabled"], false);
        assert!(none["ServiceRole"].is_null());
        let count =
            json!({"ServiceRole": "r", "VersionLifecycleConfig": {"MaxCountRule": {"Enabled": true, "MaxCount": 3}}});
        let some = described(Some(&count));
        assert_eq!(some["VersionLifecycleConfig"]["MaxCountRule"]["MaxCount"], 3);
        assert_eq!(some["VersionLifecycleConfig"]["MaxAgeRule"]["Enabled"], false);
        assert_eq!(some["ServiceRole"], "r");
    }

    #[test]
    fn rules_count_or_look_at_the_age() {
        #[track_caller]
        fn case(rule: Value, old: &[&str]) {
            let now: jiff::Timestamp = "2026-03-10T00:00:00Z".parse().unwrap();
            let labels = ["2026-03-09T00:00:00Z", "2026-03-03T00:00:00Z", "2026-01-01T00:00:00Z"];
            let labels: Vec<_> = ["c", "b", "a"].into_iter().zip(labels.map(|time| time.parse().unwrap())).collect();
            assert_eq!(surplus(&rule, &labels, now), old);
        }
        case(json!({}), &[]);
        case(json!({"MaxCountRule": {"Enabled": true, "MaxCount": 2}}), &["a"]);
        case(json!({"MaxCountRule": {"Enabled": false, "MaxCount": 1}}), &[]);
        case(json!({"MaxAgeRule": {"Enabled": true, "MaxAgeInDays": 7}}), &["b", "a"]);
    }
}
