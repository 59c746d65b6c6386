//! Lost: what a deployment puts into the application's folder or into nginx's files, and a change of configuration takes away.

use super::read;
use crate::beanstalk::customizations::Moment;
use crate::beanstalk::platforms::Family;
use crate::check::folder::Folder;
use crate::check::rules::settings::shipped::{UNREAD, Without};
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::{Run, Word, base};
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>) {
    collected(subject);
    for script in subject.scripts().iter() {
        moved_in(subject, script);
        certificate(subject, script);
    }
}

/// Does a confighook do it as well, by naming it or by calling hooks?
fn is_done_again(scripts: &[Script<'_>], needle: &str) -> bool {
    scripts.iter().any(|script| {
        matches!(script.place, Place::Hook(hook) if hook.config)
            && (script.text.contains(needle) || calls_hooks(script.text))
    })
}

fn calls_hooks(text: &str) -> bool {
    text.contains(".platform/hooks/") || text.contains("../hooks/")
}

/// What is made in the application's folder is gone after a configuration deployment.
fn collected(subject: &mut Subject<'_>) {
    const PRODUCES: &[&str] = &["collectstatic", "compilemessages", "compress", "npm run build"];
    // WhiteNoise has listed its files by the time a postdeploy hook runs.
    let all = subject.scripts();
    let again = |needle: &str| is_done_again(&all, needle);
    let docker = matches!(subject.customizations.family, Family::Docker | Family::Ecs);
    for needle in PRODUCES {
        // On the host there is nothing that could make them.
        if docker && !needle.contains(' ') {
            continue;
        }
        for script in all.iter() {
            let once = match script.place {
                Place::Hook(hook) => !hook.config,
                Place::ContainerCommand(_) => true,
                Place::Command(_) | Place::Process(_) | Place::Build(_) => false,
            };
            if !once {
                continue;
            }
            let what = *needle;
            let makes = match script.django(&[needle]) {
                Some((run, span)) => Some(span.end - run.django().map_or(0, |(word, _)| word.text.len())..span.end),
                None if needle.contains(' ') => script.find(&[needle]),
                None => None,
            };
            if let Some(span) = makes.filter(|_| !again(needle)) {
                let without = Without::of(subject, what);
                let left = match &without {
                    Without::Enough | Without::Outside => break,
                    Without::Older(folder) => format!("those that ship in {folder},"),
                    Without::Nothing | Without::Perhaps => "gone".to_owned(),
                };
                let perhaps = matches!(without, Without::Perhaps);
                let message = format!(
                    "{}the files of `{what}` are {left} after the next change of an environment property: only confighooks run then",
                    if perhaps { UNREAD } else { "" }
                );
                let file = all.iter().find_map(|other| {
                    let here = application(other)?;
                    let target = other.host_runs().find_map(|run| read::at_start(subject, other, run))?;
                    (here.ends_with("/staging") && !again(base(&target.text))).then(|| base(&target.text).to_owned())
                });
                // Without the file that the settings read, the command would stop each such change.
                let fix = match file {
                    Some(file) => {
                        format!("make `{file}` in `.platform/confighooks/predeploy` first, and run it there as well")
                    }
                    None => "run it in `.platform/confighooks/predeploy` as well".to_owned(),
                };
                let finding = subject.find("EB093", script.path, span, message, fix);
                if perhaps {
                    finding.level = Level::Note;
                }
                // Wherever else it is run: one confighook makes them again.
                break;
            }
        }
    }
}

/// Folder of the application while a script runs: the one that is put in its place, or the one that is there.
fn application(script: &Script<'_>) -> Option<&'static str> {
    match script.place {
        Place::Hook(hook) if hook.config => None,
        Place::Hook(hook) if hook.moment == Moment::Postdeploy => Some("/var/app/current"),
        Place::Hook(_) | Place::ContainerCommand(_) => Some("/var/app/staging"),
        Place::Command(_) | Place::Process(_) | Place::Build(_) => None,
    }
}

/// What a hook or command puts into the application's folder goes with that folder.
fn moved_in(subject: &mut Subject<'_>, script: &Script<'_>) {
    let Some(application) = application(script) else { return };
    let late = application.ends_with("/current");
    let changes_folder = matches!(script.place, Place::ContainerCommand(command) if command.cwd.is_some());
    let mut folder = match script.called || changes_folder {
        true => Folder::Unknown,
        false => Folder::At(application.to_owned()),
    };
    let all = subject.scripts();
    for run in script.host_runs() {
        let here = folder.clone();
        folder = folder.after(run);
        // What stands there before the server starts may be for the deployment alone, unless it is fetched.
        let target = fetched(run)
            .filter(|word| !is_passing(script, word))
            .or_else(|| copied(run).filter(|_| late))
            .or_else(|| read::at_start(subject, script, run));
        let Some(target) = target else { continue };
        let path = if target.text == "." { here.path_of("") } else { here.path_of(&target.text) };
        let Some(path) = path.filter(|path| format!("{path}/").starts_with(&format!("{application}/"))) else {
            continue;
        };
        let name = base(path.trim_end_matches('/'));
        let called_again = script.called && is_done_again(&all, base(script.path));
        if is_done_again(&all, name)
            || called_again
            || subject.tree.is_file(path[application.len()..].trim_start_matches('/'))
        {
            continue;
        }
        let program = match run.plain().nth(1).filter(|_| run.name() == "aws") {
            Some(verb) => format!("aws s3 {}", verb.text),
            None => run.name().to_owned(),
        };
        let message = format!(
            "what `{program}` puts into `{}` is gone after the next change of an environment property: only confighooks run then",
            target.text
        );
        let moment = if late { "postdeploy" } else { "predeploy" };
        let again = match run.name() {
            // What it has taken away is not there for a second time.
            "mv" => format!("write `cp`, and do it in `.platform/confighooks/{moment}` as well"),
            _ => format!("do it in `.platform/confighooks/{moment}` as well"),
        };
        let fix = format!("{again}, or keep it outside of `/var/app`");
        subject.find("EB093", script.path, target.span.clone(), message, fix);
        return;
    }
}

/// Is it an archive or a script, or taken away again? Then it is for the deployment, and not for the site.
fn is_passing(script: &Script<'_>, target: &Word) -> bool {
    const ENDS: [&str; 10] = [".tar.gz", ".tgz", ".tar", ".zip", ".rpm", ".whl", ".sh", ".bz2", ".xz", ".sql"];
    let name = base(&target.text);
    let removed = |run: &Run| run.name() == "rm" && run.plain().any(|word| base(&word.text) == name);
    ENDS.iter().any(|end| name.ends_with(end)) || name.contains("requirements") || script.runs().iter().any(removed)
}

/// Where a program puts what it has from elsewhere.
fn fetched(run: &Run) -> Option<&Word> {
    let words = &run.arguments;
    let text = |index: usize| words.get(index).map_or("", |word| word.text.as_str());
    // The word after an option, whose last letter it may be.
    let after = |short: char, long: &str| {
        let is = |word: &Word| {
            let letters = word.text.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
            word.text == long || letters.is_some_and(|letters| letters.ends_with(short))
        };
        words.get(words.iter().position(is)? + 1)
    };
    match run.name() {
        "aws" if text(0) == "s3" && matches!(text(1), "sync" | "cp" | "mv") => {
            let source = words.iter().position(|word| word.text.starts_with("s3://"))?;
            words[source + 1..]
                .iter()
                .find(|word| !word.text.starts_with('-'))
                .filter(|word| !word.text.contains("://"))
        }
        "rsync" => run.plain().last().filter(|word| !word.text.contains(':') && run.plain().count() > 1),
        "tar" if words.iter().enumerate().any(|(index, word)| extracts(index, &word.text)) => after('C', "--directory"),
        "unzip" => after('d', "-d"),
        "curl" => after('o', "--output"),
        "wget" => after('O', "--output-document").or_else(|| after('P', "--directory-prefix")),
        "git" if text(0) == "clone" => run.plain().nth(2),
        _ => None,
    }
}

/// Does this word of tar's tell it to extract? Its first may do without a hyphen.
fn extracts(index: usize, word: &str) -> bool {
    let letters = word.trim_start_matches('-');
    let flags = (index == 0 || word.starts_with('-')) && !word.starts_with("--") && !word.contains(['.', '/']);
    word == "--extract" || (flags && letters.contains('x'))
}

/// Where a program of the shell puts something, or what the shell writes itself.
fn copied(run: &Run) -> Option<&Word> {
    let copies = matches!(run.name(), "cp" | "mv" | "ln" | "install");
    run.writes.first().or_else(|| run.plain().last().filter(|_| copies)).filter(|word| word.text.starts_with('/'))
}

/// What certbot writes into nginx's files is replaced with them, and they are copied anew whenever a property changes.
fn certificate(subject: &mut Subject<'_>, script: &Script<'_>) {
    let Place::Hook(hook) = script.place else { return };
    if hook.config || hook.moment != Moment::Postdeploy || is_done_again(&subject.scripts(), "certbot") {
        return;
    }
    let installs = |run: &&Run| run.installs_certificate() && !run.has("renew");
    let Some(run) = script.host_runs().find(installs) else { return };
    let called_again = script.called && is_done_again(&subject.scripts(), base(script.path));
    if called_again {
        return;
    }
    let message = "nobody is served by HTTPS after the next change of an environment property: nginx's files are copied anew then, without what `certbot` has written into them, and only confighooks run";
    let fix = "run it in `.platform/confighooks/postdeploy` as well, or let TLS end at a load balancer";
    subject.find("EB093", script.path, run.span(), message, fix);
}
