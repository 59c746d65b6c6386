//! Leader: the one instance that runs what the others do not, and what they then lack.

use crate::beanstalk::config_file::Command;
use crate::beanstalk::customizations::Moment;
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::Run;

/// Files that only the leader makes, by a hook that asks who the leader is.
pub(super) fn hook(subject: &mut Subject<'_>, script: &Script<'_>) {
    if !script.text.contains("EB_IS_COMMAND_LEADER") {
        return;
    }
    let Some((run, span)) = script.django(PRODUCES).filter(|(run, _)| leaves_out(subject, run)) else { return };
    if script.text.get(..run.program.span.start - script.start).is_some_and(only_leader) {
        let message = format!(
            "{} makes its files on one instance only: the others, and every instance added later, have none",
            script.title()
        );
        let word = span.end - run.django().map_or(0, |(word, _)| word.text.len());
        subject.find(
            "EB031",
            script.path,
            word..span.end,
            message,
            "make files outside of the question for the leader",
        );
    }
}

/// Is what follows this text reached by the leader only?
fn only_leader(text: &str) -> bool {
    const LEADER: &str = "EB_IS_COMMAND_LEADER";
    let mut open: Vec<bool> = Vec::new();
    let mut others_left = false;
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let asks = line.contains(LEADER);
        let others = asks && (line.contains("!=") || line.contains("-ne"));
        if line.starts_with("if ") {
            open.push(asks && !others);
            if others && text.contains("exit") {
                others_left |=
                    text[text.find(line).unwrap_or(0)..].lines().take(6).any(|line| line.trim().starts_with("exit"));
            }
        } else if line == "fi" || line.starts_with("fi ") || line.starts_with("fi;") {
            open.pop();
        } else if line == "else" {
            if let Some(last) = open.last_mut() {
                *last = false;
            }
        } else if asks && (line.contains("|| exit") || (others && line.contains("&& exit"))) {
            others_left = true;
        }
    }
    others_left || open.contains(&true)
}

/// Are the files that a command of Django's makes missing on the other instances: do they lie there, and does nothing else make them?
fn leaves_out(subject: &Subject<'_>, run: &Run) -> bool {
    let Some((command, _)) = run.django() else { return false };
    let everywhere = subject.scripts().iter().any(|script| {
        let all = match script.place {
            Place::ContainerCommand(other) => !other.leader_only,
            Place::Hook(hook) => !hook.config && hook.moment != Moment::Prebuild,
            Place::Build(_) | Place::Process(_) => true,
            Place::Command(_) => false,
        };
        all && script.django(&[command.text.as_str()]).is_some_and(|(run, _)| {
            script.text.get(..run.program.span.start - script.start).is_some_and(|before| !only_leader(before))
        })
    });
    let remote = || command.text == "collectstatic" && super::super::settings::storage::is_elsewhere(subject);
    !everywhere && !remote()
}

const PRODUCES: &[&str] = &["collectstatic", "compilemessages", "compress"];

pub(super) fn command(subject: &mut Subject<'_>, script: &Script<'_>, command: &Command) {
    let name = &command.name.value;
    let found = script.django(PRODUCES).filter(|(run, _)| command.leader_only && leaves_out(subject, run));
    if let Some((run, span)) = found {
        let message = format!(
            "`{name}` makes its files on one instance only: the others, and every instance added later, have none"
        );
        let word = span.end - run.django().map_or(0, |(word, _)| word.text.len());
        subject.find(
            "EB031",
            script.path,
            word..span.end,
            message,
            "take `leader_only` away, or make a command of its own",
        );
    }
}
