//! Twice: an option that two places set to different values, and listeners that name what nobody defines.

use std::collections::BTreeMap;

use crate::beanstalk::config_file::{ConfigFile, OptionSetting};
use crate::check::subject::Subject;
use crate::level::Level;

type Place<'a> = (&'a ConfigFile, &'a OptionSetting);

pub(super) fn check(subject: &mut Subject<'_>) {
    overruled(subject);
    processes(subject);
    rules(subject);
}

fn all<'a>(subject: &Subject<'a>) -> Vec<Place<'a>> {
    let files = subject.customizations.used();
    files.flat_map(|file| file.option_settings.iter().map(move |setting| (file, setting))).collect()
}

/// The folder that a file lies in: of several projects below each other, nobody knows which one is deployed.
fn folder(file: &ConfigFile) -> &str {
    file.path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Files are read in the order of their names, and the last one counts.
fn overruled(subject: &mut Subject<'_>) {
    let mut groups: BTreeMap<(&str, &str, &str, &str), Vec<Place<'_>>> = BTreeMap::new();
    for place in all(subject) {
        let (file, setting) = place;
        let resource = setting.resource_name.as_ref().map_or("", |name| name.value.as_str());
        let key = (folder(file), setting.namespace.value.as_str(), setting.name.value.as_str(), resource);
        groups.entry(key).or_default().push(place);
    }
    for places in groups.into_values() {
        let Some(((last_file, last), before)) = places.split_last() else { continue };
        let same = |a: &OptionSetting, b: &OptionSetting| a.value.value.eq_ignore_ascii_case(&b.value.value);
        // Of two keys in one mapping another rule speaks.
        let listed = |file: &ConfigFile, setting: &OptionSetting| {
            file.path != last_file.path || setting.namespace.span != last.namespace.span
        };
        let first = before.iter().find(|(file, setting)| !same(setting, last) && listed(file, setting));
        let Some((file, setting)) = first else { continue };
        let name = &setting.name.value;
        let place = match file.path == last_file.path {
            true => "below".to_owned(),
            false => format!("in `{}`, which is read later", last_file.path),
        };
        // What is no option is left to the rule that says so, and a value may be secret.
        let is_property = setting.namespace.value == crate::beanstalk::config_file::DEFAULT_NAMESPACE;
        let value = if is_property { "another value".to_owned() } else { format!("`{}`", last.value.value) };
        let message = format!("this has no effect: `{name}` is set to {value} {place}");
        subject.find("EB255", &file.path, setting.value.span.clone(), message, "keep one of the two");
    }
}

const PROCESS: &str = "aws:elasticbeanstalk:environment:process:";
const RULE: &str = "aws:elbv2:listenerrule:";
const LISTENER: &str = "aws:elbv2:listener:";

/// Is anything set below this prefix for this name?
fn defines(places: &[Place<'_>], prefix: &str, name: &str) -> bool {
    places.iter().any(|(_, setting)| setting.namespace.value.strip_prefix(prefix) == Some(name))
}

/// Processes that listeners and their rules name.
fn processes(subject: &mut Subject<'_>) {
    let places = all(subject);
    for (file, setting) in &places {
        let namespace = setting.namespace.value.as_str();
        let names = match setting.name.value.as_str() {
            "DefaultProcess" => namespace.starts_with(LISTENER),
            "Process" => namespace.starts_with(RULE),
            _ => false,
        };
        let process = setting.value.value.trim();
        if !names || process == "default" || process.contains(['`', '{']) || defines(&places, PROCESS, process) {
            continue;
        }
        let message = format!(
            "the deployment is rejected, unless the console has one: no `{PROCESS}{process}` says what `{process}` is"
        );
        let fix = format!("set its `Port` in `{PROCESS}{process}`, or name `default`");
        subject.find("EB256", &file.path, setting.value.span.clone(), message, fix);
    }
}

/// Rules that a listener names and nobody defines, and rules that no listener names.
fn rules(subject: &mut Subject<'_>) {
    let places = all(subject);
    let named = |setting: &OptionSetting| {
        let listener = setting.namespace.value.starts_with(LISTENER) && setting.name.value == "Rules";
        listener.then(|| setting.value.value.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>())
    };
    let mut asked: Vec<String> = Vec::new();
    for (file, setting) in &places {
        let Some(names) = named(setting) else { continue };
        let missing = names.iter().find(|name| {
            !name.is_empty() && *name != "default" && !name.contains(['`', '{']) && !defines(&places, RULE, name)
        });
        if let Some(name) = missing {
            let message = format!(
                "the deployment is rejected, unless the console has one: no `{RULE}{name}` says what the rule `{name}` is"
            );
            let fix = format!("set `PathPatterns` or `HostHeaders`, `Priority` and `Process` in `{RULE}{name}`");
            subject.find("EB256", &file.path, setting.value.span.clone(), message, fix);
        }
        asked.extend(names);
    }
    let own: Vec<&Place<'_>> = places.iter().filter(|(_, setting)| setting.namespace.value.starts_with(RULE)).collect();
    let unused = own.iter().find(|(_, setting)| {
        setting.namespace.value.strip_prefix(RULE).is_some_and(|name| !asked.iter().any(|asked| asked == name))
    });
    if let Some((file, setting)) = unused {
        let name = setting.namespace.value.strip_prefix(RULE).unwrap_or_default();
        let message = format!(
            "no request comes to the rule `{name}`, unless the console has a listener that names it: none does here"
        );
        let fix = format!("add `Rules: {name}` to `aws:elbv2:listener:default`, or to that of another port");
        subject.find("EB256", &file.path, setting.namespace.span.clone(), message, fix).level = Level::Note;
    }
}
