//! What scripts run, on all roads: `commands`, `container_commands`, hooks, processes, and what these call.

mod accounts;
mod copies;
mod early;
mod environment;
mod fixtures;
mod guard;
pub(super) mod leader;
mod left;
pub(super) mod missing;
mod nothing;
pub(super) mod old;
mod order;
mod passwords;
mod permission;
mod printed;
mod python;
mod questions;
mod revisions;
mod same_name;
mod services;
mod superuser;
mod swapped;
pub(super) mod tools;
mod unknown;
mod unnoticed;
mod written;

use crate::beanstalk::config_file::{Command, CommandLine, ConfigFile};
use crate::beanstalk::customizations::Moment;
use crate::beanstalk::platforms::Family;
use crate::check::subject::Subject;
use crate::level::Level;

use crate::check::script::{Place, Script};

pub(super) fn check(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    for file in customizations.used() {
        as_text(subject, file, &file.commands);
        as_text(subject, file, &file.container_commands);
        for command in file.commands.iter().chain(&file.container_commands) {
            several_in_a_list(subject, file, command);
            leader_and_test(subject, file, command);
            old::folder(subject, file, command);
        }
        services::of_config(subject, file);
    }
    same_name::check(subject);
    order::check(subject);
    let scripts = subject.scripts();
    for script in scripts.iter() {
        old::paths(subject, script);
        old::names(subject, script);
        django(subject, script);
        unknown::check(subject, script);
        python::programs(subject, script);
        missing::check(subject, script);
        permission::check(subject, script);
        environment::check(subject, script);
        nothing::check(subject, script);
        questions::check(subject, script);
        superuser::check(subject, script);
        revisions::check(subject, script);
        unnoticed::check(subject, script);
        tools::check(subject, script);
        services::check(subject, script);
        written::check(subject, script);
        accounts::check(subject, script);
        copies::check(subject, script);
        fixtures::check(subject, script);
        passwords::check(subject, script);
        printed::check(subject, script);
        swapped::check(subject, script);
        early::check(subject, script);
        left::check(subject, script);
    }
    python::poetry(subject);
    accounts::in_code(subject);
    accounts::in_image(subject);
    old::files(subject);
    tools::metadata_of_files(subject);
    silent(subject);
}

/// When `manage.py` fails, what it said is in a log that nobody fetches.
fn silent(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let deploys = tree.is_file("manage.py") || tree.is_file("Procfile");
    let all = subject.scripts();
    let fetched = |text: &str| text.contains("taillogs.d") || text.contains("bundlelogs.d");
    let names = subject.customizations.used().any(|file| file.files.iter().any(|entry| fetched(&entry.path.value)));
    if !deploys || names || all.iter().any(|script| fetched(script.text)) {
        return;
    }
    for script in all.iter() {
        let Place::ContainerCommand(command) = script.place else { continue };
        if let Some(span) = script.find(&["manage.py", "django-admin"]).filter(|_| !command.ignore_errors) {
            let message = format!(
                "if {} fails, the events do not say why: its output is in `/var/log/cfn-init-cmd.log`, which is in the full logs, and not among their last lines",
                script.title()
            );
            subject.find("EB091", script.path, span, message, "`beansprout add tail-cfn-logs`");
            return;
        }
    }
}

/// `1_`, `2_`, `10_` run as 1, 10, 2.
fn as_text(subject: &mut Subject<'_>, file: &ConfigFile, commands: &[Command]) {
    let number = |command: &Command| {
        let digits: String = command.name.value.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u64>().ok()
    };
    let mut numbered: Vec<(u64, &Command)> =
        commands.iter().filter_map(|command| Some((number(command)?, command))).collect();
    numbered.sort_by(|a, b| a.1.name.value.cmp(&b.1.name.value));
    for pair in numbered.windows(2) {
        let [(first, early), (second, late)] = pair else { continue };
        if first > second {
            let (early, late) = (&early.name, &late.name);
            let message = format!("`{}` runs before `{}`: names are sorted as text", early.value, late.value);
            subject.find(
                "EB211",
                &file.path,
                early.span.clone(),
                message,
                "give all numbers the same number of digits",
            );
        }
    }
}

/// A list is one program with its arguments.
fn several_in_a_list(subject: &mut Subject<'_>, file: &ConfigFile, command: &Command) {
    let CommandLine::Program(words) = &command.line else { return };
    if words.len() > 1 && words.iter().filter(|word| word.trim().contains(' ')).count() > 1 {
        let message =
            format!("`{}` is one program with arguments: the list is not run item by item", command.name.value);
        subject.find(
            "EB212",
            &file.path,
            command.line_span.clone(),
            message,
            "write the lines as one text after `command: |`",
        );
    }
}

fn leader_and_test(subject: &mut Subject<'_>, file: &ConfigFile, command: &Command) {
    if let (true, Some(test)) = (command.leader_only, &command.test_span) {
        let message = format!("`{}` has both `leader_only` and `test`: the test is ignored", command.name.value);
        subject.find("EB032", &file.path, test.clone(), message, "test in the command itself, or drop one of the two");
    }
}

fn django(subject: &mut Subject<'_>, script: &Script<'_>) {
    let title = script.title();
    let manage = script.find(&["manage.py", "django-admin"]);
    let any = script.host_runs().find(|run| run.django().is_some());
    if let Some((_, span)) = script.django(&["makemigrations"]).filter(|_| !script.has(&["--check", "--dry-run"])) {
        // Of one instance alone there is no other.
        let leader = matches!(script.place, Place::ContainerCommand(command) if command.leader_only)
            || span
                .start
                .checked_sub(script.start)
                .and_then(|end| script.text.get(..end))
                .is_some_and(leader::only_leader);
        let own = if leader { "" } else { ", each instance its own" };
        let message = format!("{title} writes migrations on the instance{own}, and the next deployment deletes them");
        let end = span.end - "makemigrations".len();
        subject.find(
            "EB034",
            script.path,
            end..span.end,
            message,
            "commit migrations, and run `migrate --noinput` here",
        );
    }
    let migrates =
        script.runs().iter().filter(|run| run.django().is_some_and(|(command, _)| command.text == "migrate"));
    if let Some(fake) = migrates.flat_map(|run| &run.arguments).find(|word| word.text == "--fake") {
        let span = fake.span.clone();
        let message =
            format!("{title} notes at each deployment that migrations have run, and runs none: new tables are missing");
        subject.find("EB175", script.path, span, message, "take `--fake` out once it has done what it was for");
    }
    let docker = matches!(subject.customizations.family, Family::Docker | Family::Ecs);
    let on_host = !matches!(script.place, Place::Process(_) | Place::Build(_));
    if let Some(run) = any.filter(|_| docker && on_host) {
        // One that nothing holds back, before one that something may.
        let mut all = script.host_runs().filter(|run| run.django().is_some());
        let run = all.find(|run| guard::reach(subject, script, run) == guard::Reach::Surely).unwrap_or(run);
        let fix = "run it in the container: in its entrypoint, or with `docker exec` in a postdeploy hook";
        // Who looks for the environment of the platform's own Python may know what no file says.
        if subject.guessed() && script.text.contains("/var/app/venv") {
            let message = format!(
                "unless the platform is Python, {title} runs on the host, outside of the containers, where there is no Django"
            );
            subject.find("EB147", script.path, run.span(), message, fix).level = Level::Warning;
            return;
        }
        let message = format!("{title} runs on the host, outside of the containers, where there is no Django");
        guard::find(subject, script, run, "EB147", (message, fix, Level::Error));
        return;
    }
    match script.place {
        Place::Command(_) => {
            // A container of then has the old version as well.
            let any = script.runs().iter().any(|run| run.django().is_some());
            if let Some(span) = manage.clone().filter(|_| any) {
                let message =
                    format!("{title} runs before the bundle is unpacked: it cannot see this version's `manage.py`");
                subject.find("EB225", script.path, span, message, "move it to `container_commands`");
            }
        }
        Place::ContainerCommand(command) => {
            migrations(subject, script, !command.leader_only && !leader::tests(subject, script, command));
            leader::command(subject, script, command);
        }
        Place::Hook(hook) => {
            let early = subject.python() && hook.moment == Moment::Prebuild;
            if let Some(span) = manage.clone().filter(|_| early && any.is_some()) {
                let message = format!(
                    "{title} runs before the dependencies are installed: on a new instance there is no Django yet"
                );
                subject.find("EB225", script.path, span, message, "move it to `predeploy`, or to `container_commands`");
            } else if let Some(span) = script.find(&["/var/app/venv"]).filter(|_| early && uses_environment(script)) {
                let message = format!(
                    "{title} looks for the virtual environment before it is made: on a new instance there is none"
                );
                subject.find("EB225", script.path, span, message, "move it to `predeploy`, or to `container_commands`");
            } else {
                migrations(subject, script, true);
                leader::hook(subject, script);
            }
        }
        Place::Process(_) | Place::Build(_) => migrations(subject, script, true),
    }
    if let Some(run) = any {
        python::check(subject, script, run);
    }
}

/// Does a script need the virtual environment that it names: to enter it, or to install into it?
fn uses_environment(script: &Script<'_>) -> bool {
    script.host_runs().any(|run| matches!(run.name(), "source" | ".") || run.pip().is_some())
}

/// Does each instance have a database of its own, in a file?
fn has_own_database(subject: &Subject<'_>) -> bool {
    let Some(settings) = subject.settings() else { return false };
    settings.value("DATABASES").get("default").get("ENGINE").text().is_some_and(|engine| engine.ends_with("sqlite3"))
}

/// Django takes no lock around `migrate`.
fn migrations(subject: &mut Subject<'_>, script: &Script<'_>, everywhere: bool) {
    const GUARDS: &[&str] = &["EB_IS_COMMAND_LEADER", "--plan", "--check", "leader_only"];
    let Some((_, span)) = script.django(&["migrate"]) else { return };
    // A lock on the instance's own disk keeps no other instance out.
    let lock = script.has(&["flock"]) && !script.has(&["/tmp/", "/var/lock/", "/var/run/", "/run/"]);
    let guarded = lock || script.has(GUARDS) || script.text.contains("leader");
    // Of a database in a file each instance has its own, and the leader's tables are none for the others.
    if !everywhere
        || guarded
        || has_own_database(subject)
        || (subject.single() && !matches!(script.place, Place::Process(_)))
    {
        return;
    }
    let title = script.title();
    let (message, fix) = match script.place {
        Place::Process(_) => (
            format!(
                "{title} migrates at each start, on every instance at the same time, and again whenever the process restarts"
            ),
            "migrate in `container_commands` with `leader_only: true`",
        ),
        Place::Hook(_) => (
            format!("{title} migrates on every instance at the same time: hooks know no `leader_only`"),
            // Commands of the host have no Django where that is in containers.
            match subject.python() {
                true => {
                    "migrate in `container_commands` with `leader_only: true`, or ask for `EB_IS_COMMAND_LEADER` first"
                }
                false => "ask for `EB_IS_COMMAND_LEADER` first",
            },
        ),
        _ => (format!("{title} migrates on every instance at the same time"), "add `leader_only: true`"),
    };
    subject.find("EB030", script.path, span, message, fix);
}
