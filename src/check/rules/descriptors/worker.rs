//! `cron.yaml` for worker environments, and `env.yaml`, the environment manifest.

use crate::beanstalk::yaml::{self, Node};
use crate::check::subject::Subject;
use crate::ui::nearest;

pub(super) fn check(subject: &mut Subject<'_>) {
    if let Some(root) = read(subject, "cron.yaml", "EB104") {
        cron(subject, &root);
    }
    if let Some(root) = read(subject, "env.yaml", "EB105") {
        manifest(subject, &root);
    }
}

fn read(subject: &mut Subject<'_>, path: &'static str, rule: &'static str) -> Option<Node> {
    let text = subject.tree.text(path)?;
    match yaml::parse(text) {
        Ok(root) => root,
        Err(error) => {
            subject.find(
                rule,
                path,
                error.span.clone(),
                format!("the deployment fails: {error}"),
                "indent with spaces, and put a colon after each key",
            );
            None
        }
    }
}

fn cron(subject: &mut Subject<'_>, root: &Node) {
    const FILE: &str = "cron.yaml";
    let mut say = |node: &Node, message: String, fix: &str| {
        subject.find("EB104", FILE, node.span.clone(), message, fix);
    };
    match root.get("version") {
        Some(version) if version.as_str() == Some("1") => {}
        Some(version) => say(version, "the deployment fails: the only version is 1".to_owned(), "write `version: 1`"),
        None => say(root, "the deployment fails: `version` is missing".to_owned(), "write `version: 1` at the top"),
    }
    let Some(jobs) = root.get("cron").and_then(Node::sequence) else {
        return say(
            root,
            "no task runs: `cron` is not a list of tasks".to_owned(),
            "write `cron:` and below it a list",
        );
    };
    let mut names = std::collections::HashSet::new();
    for job in jobs {
        for key in ["name", "url", "schedule"] {
            if job.get(key).and_then(Node::as_str).is_none() {
                say(
                    job,
                    format!("the deployment fails: this task has no `{key}`"),
                    "a task has `name`, `url` and `schedule`",
                );
            }
        }
        if let Some(name) = job.get("name")
            && let Some(text) = name.as_str()
            && !names.insert(text)
        {
            say(
                name,
                format!("the deployment fails: there are two tasks named `{text}`"),
                "give one of them another name",
            );
        }
        if let Some(url) = job.get("url")
            && let Some(text) = url.as_str()
            && !text.starts_with('/')
        {
            say(url, format!("`{text}` is not a path of the application: the task posts nowhere"), "begin with `/`");
        }
        if let Some(schedule) = job.get("schedule")
            && let Some(text) = schedule.as_str()
            && let Some(problem) = problem(text)
        {
            say(
                schedule,
                format!("the deployment fails: {problem}"),
                "five fields: minute, hour, day, month, day of the week, in UTC",
            );
        }
    }
}

/// What is wrong with a cron expression, if anything.
fn problem(schedule: &str) -> Option<String> {
    const FIELDS: [(&str, u32, u32); 5] =
        [("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("day of the week", 0, 7)];
    let words: Vec<&str> = schedule.split_whitespace().collect();
    if schedule.starts_with('@') {
        return None;
    }
    if words.len() != FIELDS.len() {
        return Some(format!("`{schedule}` has {} fields instead of 5", words.len()));
    }
    words.iter().zip(FIELDS).find_map(|(word, (name, min, max))| {
        let valid = word.split(',').all(|part| {
            let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
            let number = |text: &str| {
                text.parse::<u32>().is_ok_and(|number| (min..=max).contains(&number))
                    || (max < 13 && text.len() == 3 && text.chars().all(|char| char.is_ascii_alphabetic()))
            };
            let range = matches!(range, "*" | "?")
                || number(range)
                || range.split_once('-').is_some_and(|(from, to)| number(from) && number(to));
            range && step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0))
        });
        (!valid).then(|| format!("`{word}` is not a valid {name}"))
    })
}

fn manifest(subject: &mut Subject<'_>, root: &Node) {
    const KNOWN: &[&str] = &[
        "AWSConfigurationTemplateVersion",
        "SolutionStack",
        "PlatformArn",
        "OptionSettings",
        "Tags",
        "Tier",
        "EnvironmentTier",
        "EnvironmentName",
        "EnvironmentLinks",
        "CName",
        "DateModified",
        "Description",
        "DateCreated",
    ];
    let Some(mapping) = root.mapping() else {
        subject.find(
            "EB105",
            "env.yaml",
            root.span.clone(),
            "the deployment fails: the manifest is not a map",
            "write `KEY: value` lines",
        );
        return;
    };
    for (name, key, _) in mapping.named() {
        if !KNOWN.contains(&name) {
            let fix = nearest(name, KNOWN.iter().copied())
                .map_or_else(|| "delete it".to_owned(), |near| format!("did you mean `{near}`?"));
            let message = format!("`{name}` means nothing in an environment manifest");
            subject.find("EB105", "env.yaml", key.span.clone(), message, fix);
        }
    }
}
