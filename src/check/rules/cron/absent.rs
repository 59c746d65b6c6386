//! Absent: scripts that a table of cron's names, and that are not there.

use super::tables::called;
use crate::check::folder::in_bundle;
use crate::check::rules::commands::missing::is_missing;
use crate::check::subject::Subject;
use crate::check::words::Run;

/// What a line runs that nobody writes: why it never runs, and what may be meant.
pub(super) fn of(subject: &Subject<'_>, runs: &[Run], at: (&str, usize)) -> Option<(String, String)> {
    let others = |run: &&Run| !run.in_container() && run.django().is_none();
    runs.iter().filter(others).find_map(|run| {
        let path = run.carried_out()?.text.as_str();
        if !path.starts_with('/') || path.contains(['$', '*', '`', '~']) || called(subject, path).is_some() {
            return None;
        }
        match in_bundle(path) {
            Some(inside) => in_the_bundle(subject, inside, path, at),
            None => beside_others(subject, path),
        }
    })
}

fn in_the_bundle(
    subject: &Subject<'_>,
    inside: &str,
    path: &str,
    (file, start): (&str, usize),
) -> Option<(String, String)> {
    let whole = subject.tree.is_file("requirements.txt") || subject.tree.is_file("manage.py");
    // A table that a script writes names it there.
    let own = usize::from(subject.is_carried_out(file, start));
    (whole && is_missing(subject, inside, path, own)).then(|| {
        let why = format!("there is no `{inside}` in the bundle");
        (why, "name what is there; or see with `beansprout package --why` what keeps it out".to_owned())
    })
}

/// A script in the folder where `files` writes others, and where nobody calls one of those: their names differ.
fn beside_others(subject: &Subject<'_>, path: &str) -> Option<(String, String)> {
    let texts = || subject.customizations.configs.iter().map(|file| file.text.as_str());
    let hooks = || subject.customizations.hooks.iter().filter_map(|hook| subject.tree.text(&hook.path));
    let times = |path: &str| texts().chain(hooks()).map(|text| text.matches(path).count()).sum::<usize>();
    let (folder, name) = path.rsplit_once('/')?;
    // What is named in another place may be made there.
    if times(name) != 1 {
        return None;
    }
    let written = subject.customizations.used().flat_map(|file| &file.files).map(|entry| entry.path.value.as_str());
    let mut alone = written.filter(|other| {
        let is_beside = other.rsplit_once('/').is_some_and(|(beside, _)| beside == folder);
        is_beside && times(other) == 1 && is_alike(name, other.rsplit('/').next().unwrap_or(other))
    });
    let other = alone.next()?;
    let why = format!("nothing here writes `{path}`");
    Some((why, format!("name `{other}`, which is written there and which nobody calls")))
}

/// Do two names begin and end alike?
fn is_alike(one: &str, other: &str) -> bool {
    let begin = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let end = one.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b).count();
    begin >= 3 && end >= 3 && (begin + end) * 3 >= one.len().max(other.len()) * 2
}

#[cfg(test)]
mod tests {
    use super::is_alike;

    #[test]
    fn names_that_somebody_takes_for_each_other() {
        assert!(is_alike("send_weekly_report_cron.sh", "send_weekly_cron.sh"));
        assert!(is_alike("clear-session.sh", "clear-sessions.sh"));
        assert!(!is_alike("backup.sh", "clear.sh"));
        assert!(!is_alike("send_mail.sh", "send_report_of_the_week.sh"));
    }
}
