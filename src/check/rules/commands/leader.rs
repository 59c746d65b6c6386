//! Leader: the one instance that runs what the others do not, and what they then lack.

use std::ops::Range;

use crate::beanstalk::config_file::Command;
use crate::beanstalk::customizations::Moment;
use crate::check::rules::settings::shipped::{UNREAD, Without};
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::Run;
use crate::level::Level;

/// The variable in which a hook finds whether it runs on the leader.
pub(super) const LEADER: &str = "EB_IS_COMMAND_LEADER";

/// Files that only the leader makes, by a hook that asks who the leader is.
pub(super) fn hook(subject: &mut Subject<'_>, script: &Script<'_>) {
    if !script.text.contains(LEADER) {
        return;
    }
    let Some((run, span)) = script.django(PRODUCES) else { return };
    let Some(others) = others(subject, run) else { return };
    if script.text.get(..run.program.span.start - script.start).is_some_and(only_leader) {
        let word = span.end - run.django().map_or(0, |(word, _)| word.text.len());
        found(subject, script, word..span.end, &others, "make files outside of the question for the leader");
    }
}

/// What the other instances have, and whether that is a matter of settings which could not be read.
struct Others {
    what: String,
    perhaps: bool,
}

fn found(subject: &mut Subject<'_>, script: &Script<'_>, span: Range<usize>, others: &Others, fix: &str) {
    let message = format!(
        "{}{} makes its files on one instance only: the others, and every instance added later, have {}",
        if others.perhaps { UNREAD } else { "" },
        script.title(),
        others.what
    );
    let finding = subject.find("EB031", script.path, span, message, fix);
    if others.perhaps {
        finding.level = Level::Note;
    }
}

/// Does the `test` of a command ask whether this is the leader?
pub(super) fn tests(subject: &Subject<'_>, script: &Script<'_>, command: &Command) -> bool {
    let Some(span) = command.test_span.clone() else { return false };
    subject
        .customizations
        .configs
        .iter()
        .any(|file| file.path == script.path && file.text.get(span.clone()).is_some_and(|test| test.contains(LEADER)))
}

/// Is what follows this text reached by the leader only?
pub(in crate::check::rules) fn only_leader(text: &str) -> bool {
    let mut open: Vec<bool> = Vec::new();
    let mut others_left = false;
    let statements: Vec<&str> = statements(text).collect();
    for (at, statement) in statements.iter().enumerate() {
        let asks = statement.contains(LEADER);
        let others = asks_for_others(statement);
        if statement.starts_with("if ") {
            open.push(asks && !others);
            others_left |= others && statements[at..].iter().take(6).any(|statement| statement.starts_with("exit"));
        } else if *statement == "fi" || statement.starts_with("fi ") {
            open.pop();
        } else if *statement == "else" {
            if let Some(last) = open.last_mut() {
                *last = false;
            }
        } else if asks && statement.contains(if others { "&& exit" } else { "|| exit" }) {
            others_left = true;
        }
    }
    // `[ … ] && python …`: the question and what hangs on it.
    let open_end = !text.trim_end_matches([' ', '\t']).ends_with(['\n', ';']);
    let hangs = statements.last().filter(|_| open_end).is_some_and(|last| {
        last.contains(LEADER)
            && !last.starts_with("if ")
            && last.contains("&&")
            && !last.contains("||")
            && !asks_for_others(last)
    });
    others_left || hangs || open.contains(&true)
}

/// Does a statement ask for the leader, and go on where it is another instance?
fn asks_for_others(statement: &str) -> bool {
    let parts = statement.split("&&").flat_map(|part| part.split("||")).map(str::trim);
    let Some(question) = parts.into_iter().find(|part| part.contains(LEADER)) else { return false };
    let question = question.strip_prefix("if ").unwrap_or(question).trim_start();
    // `[ ! -z … ]` is two of them.
    let negations = ["!=", "-ne ", "-z ", "[ ! "].iter().filter(|word| question.contains(**word)).count();
    (negations + usize::from(question.starts_with("! "))) % 2 == 1
}

/// The statements of a text, without comments, and without the word that leads to them.
pub(super) fn statements(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let parts = lines.flat_map(|line| line.split(';')).map(str::trim);
    let parts = parts.map(|part| part.strip_prefix("then ").map_or(part, str::trim));
    // `else exit 0` are two.
    let two = |part| match str::strip_prefix(part, "else ") {
        Some(rest) => ["else", rest.trim()],
        None => [part, ""],
    };
    parts.flat_map(two).filter(|part| !part.is_empty())
}

/// What the other instances have of the files that a command of Django's makes, where that is not what they need.
fn others(subject: &Subject<'_>, run: &Run) -> Option<Others> {
    let (command, _) = run.django()?;
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
    if everywhere {
        return None;
    }
    match Without::of(subject, &command.text) {
        Without::Enough => None,
        Without::Outside if may_be_shared(subject) => None,
        Without::Older(folder) => Some(Others { what: format!("what ships in {folder}"), perhaps: false }),
        Without::Nothing | Without::Outside => Some(Others { what: "none".to_owned(), perhaps: false }),
        Without::Perhaps => Some(Others { what: "none".to_owned(), perhaps: true }),
    }
}

/// May what lies outside of the bundle be on a volume that all instances have?
fn may_be_shared(subject: &Subject<'_>) -> bool {
    let settings = subject.settings();
    let folder = settings.as_deref().and_then(|settings| settings.value("STATIC_ROOT").by_default().text());
    let apart =
        folder.is_some_and(|folder| ["/efs", "/media", "/mnt", "/shared"].iter().any(|at| folder.starts_with(at)));
    let mounts = |text: &str| ["efs", "mount", "nfs"].iter().any(|word| text.contains(word));
    apart
        || subject.customizations.configs.iter().any(|file| mounts(&file.text))
        || subject.scripts().iter().any(|script| mounts(script.text))
}

const PRODUCES: &[&str] = &["collectstatic", "compilemessages", "compress"];

pub(super) fn command(subject: &mut Subject<'_>, script: &Script<'_>, command: &Command) {
    let made = script.django(PRODUCES).filter(|_| command.leader_only);
    if let Some((run, span)) = made
        && let Some(others) = others(subject, run)
    {
        let word = span.end - run.django().map_or(0, |(word, _)| word.text.len());
        found(subject, script, word..span.end, &others, "take `leader_only` away, or make a command of its own");
    }
}
