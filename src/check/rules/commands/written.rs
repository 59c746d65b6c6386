//! What scripts write, and what becomes of it there.

use std::collections::BTreeSet;
use std::ops::Range;

use super::tools::fails;
use crate::beanstalk::customizations::Moment;
use crate::check::folder::{Folder, in_bundle};
use crate::check::nginx::instead_of_apache;
use crate::check::rules::hooks::instead_of_supervisor;
use crate::check::script::{Place, Script, fate};
use crate::check::subject::Subject;
use crate::check::words::{Run, Word};
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    // What is looked for in vain is not written either.
    seen.extend(line_of_apache(subject, script));
    for (path, span) in script.runs().iter().flat_map(targets) {
        // What is written, made executable and edited there is one file.
        if seen.insert(path) {
            hooks(subject, script, path, &span);
            apache(subject, script, path, &span);
        }
    }
    restarts(subject, script);
    kills(subject, script);
    current(subject, script);
    proxy(subject, script);
}

/// The paths of the instance that a run writes to.
fn targets(run: &Run) -> Vec<(&str, Range<usize>)> {
    let mut found: Vec<_> = run.writes.iter().map(|word| (word.text.as_str(), word.span.clone())).collect();
    let plain: Vec<_> = run.plain().collect();
    match run.name() {
        _ if run.in_container() => {}
        "cp" | "mv" | "ln" | "install" | "rsync" => {
            found.extend(plain.last().map(|word| (word.text.as_str(), word.span.clone())))
        }
        "mkdir" | "touch" | "tee" | "truncate" => {
            found.extend(plain.iter().map(|word| (word.text.as_str(), word.span.clone())))
        }
        "chown" | "chmod" => found.extend(plain.iter().skip(1).map(|word| (word.text.as_str(), word.span.clone()))),
        "sed" if run.arguments.iter().any(|word| word.text.starts_with("-i")) => {
            found.extend(plain.last().map(|word| (word.text.as_str(), word.span.clone())));
        }
        _ => {}
    }
    found
}

fn hooks(subject: &mut Subject<'_>, script: &Script<'_>, path: &str, span: &Range<usize>) {
    // Whoever calls it makes the folder first, since no platform of today has it.
    let works = || subject.calls(path) && subject.makes_folder_of(path);
    if path.starts_with("/opt/elasticbeanstalk/hooks/") && !works() {
        if subject.calls(path) {
            let writes = |run: &&Run| targets(run).iter().any(|(_, target)| target == span);
            let (how, level) = fate(script.runs().iter().find(writes).is_some_and(|run| script.forgives(run)));
            let message = format!("{} {how}: there is no such folder since Amazon Linux 2", script.title());
            let fix = "take it out, and run the script where it lies in the bundle, if it has any use yet";
            subject.find("EB036", script.path, span.clone(), message, fix).level = level;
            return;
        }
        let message = format!(
            "nothing runs what {} puts here: this folder of hooks is not looked at since Amazon Linux 2",
            script.title()
        );
        let fix = instead_of_supervisor(subject, script.text)
            .unwrap_or_else(|| "put the script into `.platform/hooks/` of the bundle".to_owned());
        subject.find("EB036", script.path, span.clone(), message, fix);
    }
}

/// Apache's files and the lines of mod_wsgi, where the proxy is nginx.
fn apache(subject: &mut Subject<'_>, script: &Script<'_>, path: &str, span: &Range<usize>) {
    let of_apache = path.starts_with("/etc/httpd/") || path.ends_with("/wsgi.conf") || path == "wsgi.conf";
    if of_apache && is_nginx(subject) {
        let message = format!(
            "nothing reads what {} puts into `{path}`: the proxy is nginx, and there is no mod_wsgi",
            script.title()
        );
        let fix = instead_of_apache(script.text);
        subject.find("EB141", script.path, span.clone(), message, fix);
    }
}

/// Who copies or edits the file of mod_wsgi finds none. The path of it, if that was said.
fn line_of_apache<'s>(subject: &mut Subject<'_>, script: &'s Script<'_>) -> Option<&'s str> {
    const OWN: &str = "/etc/httpd/conf.d/wsgi.conf";
    let needs = |run: &'s Run| {
        let edits = run.name() == "sed" && run.arguments.iter().any(|word| word.text.starts_with("-i"));
        let edited = run.plain().last().filter(|_| edits);
        reads(run).into_iter().chain(edited).find(|word| word.text == OWN)
    };
    let (run, word) = script.host_runs().find_map(|run| Some((run, needs(run)?))).filter(|_| is_nginx(subject))?;
    let makes =
        |script: &Script<'_>| script.host_runs().flat_map(targets).any(|(path, span)| path == OWN && span != word.span);
    let writes = subject.customizations.used().any(|file| file.files.iter().any(|entry| entry.path.value == OWN));
    let asks = script.has(&["-f /etc/httpd", "-e /etc/httpd"]);
    if writes || asks || subject.scripts().iter().any(makes) {
        return None;
    }
    let (how, level) = fails(script, run);
    let message =
        format!("{} {how}: there is no `{OWN}`, since the proxy is nginx, and there is no mod_wsgi", script.title());
    let fix = instead_of_apache(script.text);
    subject.find("EB141", script.path, word.span.clone(), message, fix).level = level;
    Some(OWN)
}

fn restarts(subject: &mut Subject<'_>, script: &Script<'_>) {
    let httpd = |run: &&Run| {
        let service = matches!(run.name(), "service" | "systemctl")
            && run.plain().any(|word| matches!(word.text.as_str(), "httpd" | "httpd.service"));
        let starts = run.plain().any(|word| matches!(word.text.as_str(), "start" | "restart" | "reload" | "graceful"));
        (service || matches!(run.name(), "apachectl" | "httpd")) && starts
    };
    if let Some(run) = script.host_runs().find(httpd).filter(|_| is_nginx(subject)) {
        let message =
            format!("{} starts Apache's httpd, and the proxy is nginx: it has the port already", script.title());
        subject.find("EB141", script.path, run.span(), message, "take it out: the platform starts its proxy itself");
    }
}

/// Whoever kills what does not run is told so by a failure.
fn kills(subject: &mut Subject<'_>, script: &Script<'_>) {
    let kills = |run: &&Run| {
        matches!(run.name(), "killall" | "pkill")
            && !run.has("-f")
            && run.plain().any(|word| matches!(word.text.as_str(), "httpd" | "apache2"))
    };
    if let Some(run) = script.host_runs().find(kills).filter(|_| is_nginx(subject)) {
        let (how, level) = fails(script, run);
        let message = format!("{} {how}: no httpd runs that it could end, since the proxy is nginx", script.title());
        let fix = "take it out: the platform starts its proxy itself";
        subject.find("EB141", script.path, run.span(), message, fix).level = level;
    }
}

fn is_nginx(subject: &Subject<'_>) -> bool {
    let proxy =
        subject.customizations.option("aws:elasticbeanstalk:environment:proxy", "ProxyServer").unwrap_or("nginx");
    proxy.eq_ignore_ascii_case("nginx") && subject.customizations.family != crate::beanstalk::platforms::Family::Other
}

/// `/var/app/current` is the old version until the flip, which deletes it.
fn current(subject: &mut Subject<'_>, script: &Script<'_>) {
    let early = match script.place {
        Place::ContainerCommand(_) => true,
        Place::Hook(hook) => hook.moment != Moment::Postdeploy,
        Place::Command(_) | Place::Build(_) => true,
        Place::Process(_) => false,
    };
    let of_app = |path: &str| path.starts_with("/var/app/current/");
    let found =
        script.runs().iter().filter(|_| early).find_map(|run| targets(run).into_iter().find(|(path, _)| of_app(path)));
    if let Some((path, span)) = found {
        let message = format!(
            "{} writes to `{path}`, which is the old version: it is deleted at the flip, and the change with it",
            script.title()
        );
        let fix = match script.place {
            _ if is_there_already(script, &span) => {
                "take it out: the new version has that file in its own folder, which gets this name"
            }
            Place::Command(_) => "do it in `container_commands`, in `/var/app/staging`",
            _ => "write to `/var/app/staging`, which is where this runs, or to a folder outside of `/var/app`",
        };
        subject.find("EB151", script.path, span, message, fix);
        return;
    }
    if let Place::Hook(hook) = script.place
        && hook.moment == Moment::Postdeploy
    {
        let mut written = script.runs().iter().flat_map(targets);
        if let Some((path, span)) = written.find(|(path, _)| path.starts_with("/var/app/staging/")) {
            let message = format!(
                "{} writes to `{path}`, and there is no `/var/app/staging` any more: the flip has given it the name `/var/app/current`",
                script.title()
            );
            subject.find("EB151", script.path, span, message, "write to `/var/app/current`");
        }
        return;
    }
    // Who goes there works on the old version, and on a new instance there is none.
    let there = |text: &str| text.trim_end_matches('/') == "/var/app/current" || of_app(text);
    if let Place::ContainerCommand(command) = script.place
        && let Some(cwd) = command.cwd.as_ref().filter(|cwd| !script.called && there(&cwd.value))
    {
        let fix = "take it out: a container command runs in `/var/app/staging`, where the new version is";
        on_old_version(subject, script, cwd.span.clone(), fix);
        return;
    }
    let asks = script.has(&["-d /var/app/current", "-e /var/app/current", "-f /var/app/current"]);
    let goes = |run: &&Run| run.name() == "cd" && run.plain().next().is_some_and(|word| there(&word.text));
    let here = |run: &&Run| !run.forgiven && (goes(run) || reads(run).iter().any(|word| of_app(&word.text)));
    let Some(run) = script.host_runs().find(here).filter(|_| early && !asks) else { return };
    let gone = match (goes(&run), script.place) {
        (_, Place::Command(_)) => "do it in `container_commands`, which run in `/var/app/staging`",
        (true, _) => "take it out: this runs in `/var/app/staging`, where the new version is",
        (false, _) => "name it without `/var/app/current/`: this runs in `/var/app/staging`, where the new version is",
    };
    let span = reads(run).iter().find(|word| of_app(&word.text)).filter(|_| !goes(&run)).map(|word| word.span.clone());
    on_old_version(subject, script, span.unwrap_or(run.span()), gone);
}

/// Is it a copy of a file of the new version to the same place in the old one?
fn is_there_already(script: &Script<'_>, target: &Range<usize>) -> bool {
    let mut folder = script.folder();
    script.host_runs().any(|run| {
        folder = std::mem::replace(&mut folder, Folder::Unknown).after(run);
        let plain: Vec<&Word> = run.plain().collect();
        let ([source, to], "cp" | "mv") = (plain.as_slice(), run.name()) else { return false };
        let from = folder.path_of(&source.text);
        let Some((from, to)) =
            from.as_deref().and_then(in_bundle).zip(in_bundle(&to.text).filter(|_| to.span == *target))
        else {
            return false;
        };
        let above = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        !source.text.starts_with("/var/app/current") && (from == to || to.trim_end_matches('/') == above)
    })
}

/// The files of the instance that a run needs: what it carries out, copies, prints, or takes a list from.
pub(super) fn reads(run: &Run) -> Vec<&Word> {
    let plain: Vec<&Word> = run.plain().collect();
    let mut found: Vec<&Word> = run.carried_out().into_iter().collect();
    match run.name() {
        // The last is where it goes; what is linked may be made later.
        "cp" | "mv" | "rsync" => found.extend(plain.split_last().map_or(&[][..], |(_, sources)| sources)),
        "cat" => found.extend(plain),
        _ if run.pip().is_some() => {
            let lists = run.arguments.windows(2).filter(|pair| matches!(pair[0].text.as_str(), "-r" | "--requirement"));
            found.extend(lists.map(|pair| &pair[1]));
        }
        _ => {}
    }
    found
}

fn on_old_version(subject: &mut Subject<'_>, script: &Script<'_>, span: Range<usize>, fix: &str) {
    let (how, level) = match script.place.ignores_errors() {
        true => ("does nothing", Level::Warning),
        false => ("fails", Level::Error),
    };
    let message = format!(
        "{} works on the old version, and {how} on a new instance: `/var/app/current` is there after the flip only",
        script.title()
    );
    subject.find("EB151", script.path, span, message, fix).level = level;
}

/// `/etc/nginx` is put together anew in every deployment.
fn proxy(subject: &mut Subject<'_>, script: &Script<'_>) {
    if script.text.contains("/var/proxy/staging") || matches!(script.place, Place::Process(_)) || subject.composes() {
        return;
    }
    let Some((_, span)) =
        script.runs().iter().find_map(|run| targets(run).into_iter().find(|(path, _)| path.starts_with("/etc/nginx")))
    else {
        return;
    };
    let postdeploy = matches!(script.place, Place::Hook(hook) if hook.moment == Moment::Postdeploy);
    let fix = "put the configuration into `.platform/nginx/` of the bundle: `conf.d/` is read in the `http` block, `conf.d/elasticbeanstalk/` in the `server` block";
    if postdeploy {
        let again = subject.scripts().iter().any(|other| {
            matches!((other.place, script.place), (Place::Hook(a), Place::Hook(b)) if a.config != b.config)
                && other.text.contains("/etc/nginx")
        });
        let message = match again {
            true => format!(
                "what {} changes in `/etc/nginx` is overwritten in every deployment, and until it runs the proxy serves without it",
                script.title()
            ),
            false => format!(
                "what {} changes in `/etc/nginx` is overwritten when only an environment property changes: this hook does not run then",
                script.title()
            ),
        };
        subject.find("EB060", script.path, span, message, fix).level = Level::Warning;
    } else {
        let message =
            format!("what {} changes in `/etc/nginx` is overwritten later in the same deployment", script.title());
        subject.find("EB060", script.path, span, message, fix);
    }
}
