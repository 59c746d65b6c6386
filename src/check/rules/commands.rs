//! `commands` and `container_commands`: what they run, and where, and when.

use std::collections::BTreeMap;

use crate::beanstalk::config_file::{Command, CommandLine, ConfigFile};
use crate::beanstalk::customizations::Moment;
use crate::check::subject::Subject;

use super::shell::{Place, Script, scripts};

pub(super) fn check(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    for file in &customizations.configs {
        order(subject, file, &file.commands);
        order(subject, file, &file.container_commands);
        for command in file.commands.iter().chain(&file.container_commands) {
            several_in_a_list(subject, file, command);
            leader_and_test(subject, file, command);
        }
    }
    same_name(subject, |file| &file.commands);
    same_name(subject, |file| &file.container_commands);
    for script in &scripts(subject) {
        old_paths(subject, script);
        django(subject, script);
        tools(subject, script);
    }
    silent(subject);
}

/// When `manage.py` fails, what it said is in a log that nobody fetches.
fn silent(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let deploys = tree.is_file("manage.py") || tree.is_file("Procfile");
    let all = scripts(subject);
    let fetched = |text: &str| text.contains("taillogs.d") || text.contains("bundlelogs.d");
    let names = subject.customizations.used().any(|file| file.files.iter().any(|entry| fetched(&entry.path.value)));
    if !deploys || names || all.iter().any(|script| fetched(script.text)) {
        return;
    }
    for script in &all {
        let Place::ContainerCommand(command) = script.place else { continue };
        if let Some(span) = script.find(&["manage.py", "django-admin"]).filter(|_| !command.ignore_errors) {
            let message = format!(
                "if {} fails, the events do not say why: its output is in `/var/log/cfn-init-cmd.log`, which is not among the logs that are fetched",
                script.title()
            );
            subject.find("EB091", script.path, span, message, "`beansprout add tail-cfn-logs`");
            return;
        }
    }
}

/// `1_`, `2_`, `10_` run as 1, 10, 2.
fn order(subject: &mut Subject<'_>, file: &ConfigFile, commands: &[Command]) {
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

fn same_name(subject: &mut Subject<'_>, section: impl Fn(&ConfigFile) -> &Vec<Command>) {
    let customizations = subject.customizations;
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for file in &customizations.configs {
        for command in section(file) {
            let name = &command.name;
            match seen.insert(&name.value, &file.path) {
                Some(other) if other != file.path => {
                    let message = format!("`{}` is in `{other}` too, and only one of the two runs", name.value);
                    subject.find("EB218", &file.path, name.span.clone(), message, "give one of them another name");
                }
                _ => {}
            }
        }
    }
}

fn old_paths(subject: &mut Subject<'_>, script: &Script<'_>) {
    let old = [
        "/opt/python/run/venv/bin/activate",
        "/opt/python/current/app",
        "/opt/python/ondeck/app",
        "/opt/python/current/env",
        "/opt/python/",
        "/opt/elasticbeanstalk/support/envvars",
        "/opt/elasticbeanstalk/containerfiles/envvars",
    ];
    if let Some(span) = script.find(&old) {
        let new = match &script.text[span.start - script.start..] {
            text if text.starts_with(old[0]) => Some("/var/app/venv/*/bin/activate"),
            text if text.starts_with(old[1]) => Some("/var/app/current"),
            text if text.starts_with(old[2]) => Some("/var/app/staging"),
            _ => None,
        };
        let gone = match &script.text[span.start - script.start..] {
            text if text.starts_with("/opt/python") => "`/opt/python`",
            _ => "file of variables there",
        };
        let message = format!("{} fails: there is no {gone} since Amazon Linux 2", script.title());
        match new {
            Some(new) => subject.find("EB033", script.path, span, message, format!("write `{new}`")).replace(new),
            None => {
                subject.find(
                    "EB033",
                    script.path,
                    span,
                    message,
                    "`/opt/elasticbeanstalk/bin/get-config environment` reads the properties",
                );
            }
        }
    }
}

fn django(subject: &mut Subject<'_>, script: &Script<'_>) {
    let title = script.title();
    let manage = script.find(&["manage.py", "django-admin"]);
    if let Some(span) = script.find(&["makemigrations"]).filter(|_| !script.has(&["--check", "--dry-run"])) {
        let message = format!(
            "{title} writes migrations on the instance, each instance its own, and the next deployment deletes them"
        );
        subject.find("EB034", script.path, span, message, "commit migrations, and run `migrate --noinput` here");
    }
    match script.place {
        Place::Command(_) => {
            if let Some(span) = manage.clone() {
                let message =
                    format!("{title} runs before the bundle is unpacked: it cannot see this version's `manage.py`");
                subject.find("EB225", script.path, span, message, "move it to `container_commands`");
            }
        }
        Place::ContainerCommand(command) => leader(subject, script, command),
        Place::Hook(hook) => {
            let early = subject.python() && hook.moment == Moment::Prebuild;
            if let Some(span) = manage.clone().filter(|_| early) {
                let message = format!(
                    "{title} runs before the dependencies are installed: on a new instance there is no Django yet"
                );
                subject.find("EB225", script.path, span, message, "move it to `predeploy`, or to `container_commands`");
            }
        }
    }
    let Some(span) = manage else { return };
    let activates = ["activate", "/var/app/venv", "PYTHONPATH", "venv/bin"];
    let environment = script.has(&activates) || matches!(script.place, Place::Command(_));
    if !environment
        && subject.python()
        && script.has(&[
            "python manage.py",
            "python3 manage.py",
            "django-admin",
            "python ./manage.py",
            "python3 ./manage.py",
        ])
    {
        let message = format!("{title} runs with the system's Python 3.9, which does not have the project's packages");
        let fix = "begin with `source /var/app/venv/*/bin/activate &&`";
        subject.find("EB035", script.path, span, message, fix);
    }
}

fn leader(subject: &mut Subject<'_>, script: &Script<'_>, command: &Command) {
    let name = &command.name.value;
    let migrate = script.find(&["manage.py migrate", "django-admin migrate"]);
    if let Some(span) =
        migrate.filter(|_| !command.leader_only && !script.has(&["EB_IS_COMMAND_LEADER", "flock", "--plan", "--check"]))
    {
        let message = format!("`{name}` migrates on every instance at the same time");
        subject.find("EB030", script.path, span, message, "add `leader_only: true`");
    }
    const PRODUCES: &[&str] = &["collectstatic", "compilemessages", "compress"];
    if let Some(span) = script.find(PRODUCES).filter(|_| command.leader_only) {
        let message = format!(
            "`{name}` makes its files on one instance only: the others, and every instance added later, have none"
        );
        subject.find("EB031", script.path, span, message, "take `leader_only` away, or make a command of its own");
    }
    let table = command.leader_only.then(|| script.text.lines().find(|line| writes_crontab(line))).flatten();
    if let Some(span) = table.and_then(|line| script.find(&[line.trim()])) {
        let message =
            format!("`{name}` writes cron's table on one instance only: once that one is replaced, nothing runs");
        let fix = "use `cron.yaml` in a worker environment, EventBridge, or a lock in the database";
        subject.find("EB101", script.path, span, message, fix);
    }
}

/// Does a line of shell write a table for cron? Listing and removing one do not.
fn writes_crontab(line: &str) -> bool {
    let table = line.find("/etc/cron.d/").map(|at| &line[..at]);
    let into_folder = table.is_some_and(|before| {
        before.trim_end().ends_with('>')
            || ["tee ", "cp ", "mv ", "ln ", "install "].iter().any(|word| before.contains(word))
    });
    let piped = |(before, after): (&str, &str)| {
        let argument = after.split_whitespace().next().unwrap_or_default();
        before.trim_end().ends_with('|') || (!argument.is_empty() && !argument.starts_with(['-', '|', '&', ';', '>']))
    };
    into_folder
        || line.split_once("crontab ").or(line.strip_suffix("crontab").map(|before| (before, ""))).is_some_and(piped)
}

fn tools(subject: &mut Subject<'_>, script: &Script<'_>) {
    if let Some(span) = script.find(&["amazon-linux-extras", "epel-release", "yum install -y epel"]) {
        let message = format!("{} fails: Amazon Linux 2023 has neither extras nor EPEL", script.title());
        subject.find(
            "EB042",
            script.path,
            span,
            message,
            "install the package of Amazon Linux 2023, if it has one, with `dnf`",
        );
    }
    if let Some(span) = script.find(&["supervisorctl", "supervisord"]) {
        let message = format!("{} fails: there is no supervisord since Amazon Linux 2", script.title());
        subject.find(
            "EB100",
            script.path,
            span,
            message,
            "write a second line into `Procfile`: `worker: celery -A … worker`",
        );
    }
    if let Some(span) = script
        .find(&["/etc/nginx/conf.d", "/etc/nginx/nginx.conf"])
        .filter(|_| !script.text.contains("/var/proxy/staging"))
    {
        let postdeploy = matches!(script.place, Place::Hook(hook) if hook.moment == Moment::Postdeploy);
        if !postdeploy && script.has(&[">", "cp ", "sed -i", "tee "]) {
            let message =
                format!("what {} changes in `/etc/nginx` is overwritten later in the same deployment", script.title());
            subject.find(
                "EB060",
                script.path,
                span,
                message,
                "put the configuration into `.platform/nginx/conf.d/` of the bundle",
            );
        }
    }
}
