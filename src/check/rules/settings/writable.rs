//! Writable: folders that the server writes to, and that a hook gives to somebody else.

use crate::beanstalk::customizations::Moment;
use crate::check::django::Settings;
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::{Run, Word};

use super::backends::Backend;

const CURRENT: &str = "/var/app/current";

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    let root = settings.value("MEDIA_ROOT").in_project().filter(|folder| !folder.is_empty());
    let Some(folder) = root.filter(|_| subject.python() && Backend::of_uploads(settings).is_here()) else { return };
    let whole = format!("{CURRENT}/{folder}");
    let scripts = subject.scripts();
    // Whoever names the server's user, or changes modes, has thought of it.
    let given = |script: &Script<'_>| script.text.contains("webapp") || script.text.contains("chmod");
    if Backend::of_uploads(settings).is_undecided() || scripts.iter().any(given) {
        return;
    }
    let late = |script: &&Script<'_>| matches!(script.place, Place::Hook(hook) if hook.moment == Moment::Postdeploy);
    for script in scripts.iter().filter(late) {
        // The last word about its owner counts; what is there already, `mkdir` leaves as it is.
        let last =
            script.host_runs().filter(|run| run.lead.is_root()).fold(None, |before, run| match (run.name(), before) {
                ("mkdir", before @ Some(_)) => before,
                (_, before) => taken(subject, run, &whole).or(before.filter(|_| !gives(run, &whole))),
            });
        let Some((word, how)) = last else { continue };
        let message = format!(
            "every upload is a 500 with `PermissionError`: {} {how}, and the server is `webapp`",
            script.title()
        );
        let fix = format!("`chown -R webapp:webapp {whole}` after it");
        subject.find("EB274", script.path, word.span, message, fix);
        return;
    }
}

/// Does it say who owns the folder, whoever that is?
fn gives(run: &Run, whole: &str) -> bool {
    let over = |word: &Word| {
        let target = word.text.trim_end_matches(['/', '*']).trim_end_matches('/');
        !target.is_empty() && (whole.strip_prefix(target).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    };
    // What stands in a variable may be it.
    run.name() == "chown" && run.plain().skip(1).any(|word| over(word) || word.text.contains('$'))
}

/// How a program takes the folder from the server: by another owner, or by making it as root.
fn taken(subject: &Subject<'_>, run: &Run, whole: &str) -> Option<(Word, String)> {
    let mut words = run.plain();
    let is_folder = |word: &Word| word.text.trim_end_matches('/') == whole;
    match run.name() {
        "chown" => {
            let owner = words.next()?;
            let user =
                owner.text.split([':', '.']).next().filter(|user| matches!(*user, "root" | "ec2-user" | "nginx"))?;
            let all = run
                .arguments
                .iter()
                .any(|word| word.text == "--recursive" || (word.text.starts_with('-') && word.text.contains('R')));
            let above = |word: &Word| all && word.text.trim_end_matches(['/', '*']).trim_end_matches('/') == CURRENT;
            let target = words.find(|word| is_folder(word) || above(word))?;
            Some((target.clone(), format!("gives `{}` to `{user}`", target.text)))
        }
        "mkdir" if !subject.tree.is_dir(whole.strip_prefix(CURRENT)?.trim_start_matches('/')) => {
            let target = words.find(|word| is_folder(word))?;
            Some((target.clone(), format!("makes `{}` as root", target.text)))
        }
        _ => None,
    }
}
