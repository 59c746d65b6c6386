//! Refused values: what Django stops at while it loads the settings (tried with Django 5.2).

use super::at;
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;

const RULE: &str = "EB113";

/// Short names of zones that no system has a file of, as Django asks for one.
const NO_ZONES: &[&str] =
    &["AEST", "AKST", "BST", "CDT", "CEST", "CST", "EDT", "IST", "JST", "KST", "MDT", "MSK", "PDT", "PST", "SGT"];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    if let Some(setting) = settings.get("ALLOWED_HOSTS") {
        let value = setting.value.by_default();
        let listed = matches!(value, Value::List(_));
        if matches!(setting.value, Value::Text(_)) || (setting.is_text && !listed) {
            let message = "the server does not start: `ALLOWED_HOSTS` is a text, and has to be a list";
            at(subject, RULE, setting, message, "`.split(\",\")` makes one of it");
        }
    }
    if let Some(setting) = settings.get("TIME_ZONE")
        && let Some(zone) = setting.value.text().filter(|zone| NO_ZONES.contains(zone))
    {
        let message = format!("the server does not start: `Incorrect timezone setting: {zone}`");
        at(subject, RULE, setting, message, "name a city, such as `America/Chicago`, or `UTC`");
    }
}
