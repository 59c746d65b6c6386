//! Services of the first Amazon Linux that a project asks for by name, and that no later one has.

use super::tools::fails;
use crate::beanstalk::config_file::ConfigFile;
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::{Run, Word};
use crate::level::Level;

/// A unit that is not there, what would bring one, which rule tells, and what to do.
struct Gone {
    unit: &'static str,
    brought: &'static [&'static str],
    rule: &'static str,
    fix: &'static str,
}

const STREAMED: &str = "take it out: `StreamLogs` in `aws:elasticbeanstalk:cloudwatch:logs` streams what the platform logs, and what else there is the agent of today sends, `amazon-cloudwatch-agent`";

const GONE: &[Gone] = &[
    Gone { unit: "awslogs", brought: &["awslogs-agent-setup"], rule: "EB380", fix: STREAMED },
    Gone { unit: "awslogsd", brought: &["awslogs-agent-setup"], rule: "EB380", fix: STREAMED },
    Gone {
        unit: "supervisord",
        brought: &[],
        rule: "EB100",
        fix: "take it out: the processes of `Procfile`, or the containers, are started anew by each deployment",
    },
    Gone { unit: "ntpd", brought: &[], rule: "EB380", fix: "take it out: the clock is kept by `chronyd`, which runs" },
    Gone {
        unit: "iptables",
        brought: &["iptables-services"],
        rule: "EB380",
        fix: "take it out: who may reach the instance is said by its security groups",
    },
];

/// What asks for a unit to be there.
const VERBS: [&str; 5] = ["start", "restart", "reload", "enable", "stop"];

impl Gone {
    /// Does something here make a unit of that name?
    fn is_brought(&self, subject: &Subject<'_>) -> bool {
        let service = format!("/{}.service", self.unit);
        let of_then = format!("init.d/{}", self.unit);
        self.brought.iter().any(|what| subject.names_file(what))
            || subject.names_file(&service)
            || subject.names_file(&of_then)
            || subject.tree.iter().any(|(path, _)| path.ends_with(&service) || path.ends_with(&of_then))
    }
}

/// What a run asks systemd for, by the old road or the new one.
fn asked(run: &Run) -> Option<&Word> {
    let words: Vec<&Word> = run.plain().collect();
    let (verb, name) = match (run.name(), words.as_slice()) {
        ("service", [name, verb, ..]) | ("systemctl", [verb, name]) => (verb, name),
        ("chkconfig", [name, on]) if on.text == "on" => return Some(name),
        _ => return None,
    };
    VERBS.contains(&verb.text.as_str()).then_some(name)
}

fn gone(name: &str) -> Option<&'static Gone> {
    let unit = name.strip_suffix(".service").unwrap_or(name);
    GONE.iter().find(|row| row.unit == unit)
}

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    if of_second(subject) || matches!(script.place, Place::Process(_) | Place::Build(_)) {
        return;
    }
    for run in script.host_runs() {
        let Some((word, row)) = asked(run).and_then(|word| Some((word, gone(&word.text)?))) else { continue };
        // Whoever looks for it first does without it.
        let looks = script.has(&["is-active", "is-enabled", "list-unit", "status"]);
        if looks || row.is_brought(subject) {
            continue;
        }
        let (how, level) = fails(script, run);
        let message = format!("{} {how}: there is no service `{}` on Amazon Linux 2023", script.title(), row.unit);
        subject.find(row.rule, script.path, word.span.clone(), message, row.fix).level = level;
        return;
    }
}

/// What `services` asks for, and files of the agent that nothing brings.
pub(super) fn of_config(subject: &mut Subject<'_>, file: &ConfigFile) {
    if of_second(subject) {
        return;
    }
    for service in &file.services {
        let wanted = service.enabled == Some(true) || service.ensure_running == Some(true);
        let Some(row) = gone(&service.name.value).filter(|row| wanted && !row.is_brought(subject)) else { continue };
        let message = format!("the deployment fails: there is no service `{}` on Amazon Linux 2023", row.unit);
        subject.find(row.rule, &file.path, service.name.span.clone(), message, row.fix);
    }
    for entry in &file.files {
        let path = &entry.path.value;
        if path.starts_with("/etc/awslogs/") && !subject.names_file("awslogs-agent-setup") {
            let message = format!(
                "nobody reads `{path}`: the agent that did is not on Amazon Linux 2023, nor in its repositories"
            );
            subject.find("EB380", &file.path, entry.path.span.clone(), message, STREAMED).level = Level::Warning;
        }
    }
}

/// The one of before has some of them yet, as packages.
fn of_second(subject: &Subject<'_>) -> bool {
    let named = subject.customizations.platform.as_ref();
    named.is_some_and(|platform| platform.name.trim_end().ends_with("Amazon Linux 2"))
}
