//! Notes of a plan: what this program cannot do, or should not, and people have to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::beanstalk::defaults::APPLICATION_PORT;
use crate::beanstalk::procfile;
use crate::known::Known;

use super::command;
use super::inputs::Inputs;

/// Task left for people: something that this program cannot do, or should not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Note {
    pub(crate) rule: Option<&'static str>,
    pub(crate) path: Option<String>,
    pub(crate) line: Option<usize>,
    pub(crate) message: String,
    pub(crate) fix: Option<String>,
}

impl Note {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { rule: None, path: None, line: None, message: message.into(), fix: None }
    }
}

/// Notes, in the order in which they are told.
struct Notes(Vec<Note>);

/// What is left for people once the files are there.
pub(super) fn notes(inputs: &Inputs<'_>) -> Vec<Note> {
    let mut notes = Notes(Vec::new());
    notes.say(inputs);
    notes.0
}

impl Notes {
    fn say(&mut self, inputs: &Inputs<'_>) {
        let context = inputs.context;
        let overlay = inputs.flag("overlay");
        if !overlay && inputs.text("own_health").is_empty() {
            let because = context.no_overlay.as_ref().map(|because| format!(": {because}")).unwrap_or_default();
            let fix = "answer a path such as `/health/` before host and HTTPS checks, and adopt again with `--set own_health=/health/`";
            self.0.push(Note {
                fix: Some(fix.to_owned()),
                ..Note::new(format!("nothing answers health checks yet{because}"))
            });
        }
        if !inputs.flag("collects") && !context.built_static {
            let fix = "`STATIC_ROOT = BASE_DIR / \"staticfiles\"`, and adopt again";
            let message = if context.unread.contains(&"STATIC_ROOT") {
                "nothing collects static files: `STATIC_ROOT` could not be read"
            } else {
                "nothing collects static files: the settings have no `STATIC_ROOT`"
            };
            let path = Some(context.settings.clone());
            self.0.push(Note { rule: Some("EB021"), path, fix: Some(fix.to_owned()), ..Note::new(message) });
        }
        if let Some((module, path)) = &inputs.detected.absent {
            let message = format!("names `{module}` as settings, which is not among the files that ship");
            let fix = format!(
                "if `{module}` has what production needs, put it into git without its secrets, and adopt again with `--set settings={module}`"
            );
            self.0.push(Note { path: Some(path.clone()), fix: Some(fix), ..Note::new(message) });
        }
        self.properties(inputs);
        self.at_home(inputs);
        self.unread(inputs);
        self.processes(inputs);
        if inputs.detected.packages.lacks_django() {
            let path = inputs.detected.requirements.clone();
            let message = "it asks for no Django: whatever brings it must be in the list that the instance installs";
            let fix = Some("add Django, or name the file that has it with `-r`".to_owned());
            self.0.push(Note { path, fix, ..Note::new(message) });
        }
        if inputs.text("profile") != "learning" && !inputs.tree.is_dir("wheels") {
            let message = "each instance that starts asks the package index, and waits for it: wheels in the bundle spare it that";
            self.0.push(Note { fix: Some("`beansprout wheels`".to_owned()), ..Note::new(message) });
        }
        if context.built_static && !inputs.flag("collects") {
            let message =
                format!("`{}` is in git and ships as it is: `collectstatic` is left out", context.static_root);
            let fix = "`beansprout adopt --set collectstatic=true`, if nothing else builds it";
            self.0.push(Note { fix: Some(fix.to_owned()), ..Note::new(message) });
        }
    }

    /// What people have to set, what only under a condition, and what the settings do without.
    fn properties(&mut self, inputs: &Inputs<'_>) {
        let needed = inputs.needed();
        let mut perhaps: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for variable in inputs.asked() {
            match &variable.when {
                None => {}
                // Whoever asks whether it is there can do without.
                Some(when)
                    if ['"', '\''].iter().any(|quote| when.contains(&format!("{quote}{}{quote}", variable.name))) => {}
                Some(when) => drop(perhaps.entry(when.clone()).or_default().insert(variable.name.clone())),
            }
        }
        if !needed.is_empty() {
            let names = needed.iter().cloned().collect::<Vec<_>>().join(", ");
            let fix = "`beansprout launch` asks for what `environments/` names; later in the console. Secrets are better in `environmentsecrets`";
            self.0.push(Note {
                fix: Some(fix.to_owned()),
                ..Note::new(format!("set as environment properties: {names}"))
            });
        }
        for (when, names) in perhaps {
            let names: Vec<String> = names.into_iter().filter(|name| !needed.contains(name)).collect();
            let when = when.split_whitespace().collect::<Vec<_>>().join(" ");
            if !names.is_empty() && when.len() <= 120 {
                self.0.push(Note::new(format!("only if `{when}`: set {}", names.join(", "))));
            } else if !names.is_empty() {
                self.0.push(Note::new(format!("only under a condition of the settings: set {}", names.join(", "))));
            }
        }
    }

    /// What works on a desk and not on an instance.
    fn at_home(&mut self, inputs: &Inputs<'_>) {
        let context = inputs.context;
        let of_settings = |message: String, fix: &str| Note {
            path: Some(context.settings.clone()),
            fix: Some(fix.to_owned()),
            ..Note::new(message)
        };
        if context.memory_unless && inputs.text("database") == "own" {
            let message =
                "the database is in memory where no variable names another: each process has its own, and an empty one";
            self.0.push(of_settings(message.to_owned(), "set the variable that names a server"));
        }
        if let Some(url) = &context.static_at_home {
            let message = format!("`STATIC_URL` is `{url}`: browsers would ask the visitor's own machine");
            self.0.push(of_settings(message, "`STATIC_URL = \"/static/\"`"));
        }
        for refusal in &context.refusals {
            self.0.push(Note {
                path: Some(refusal.path.clone()),
                line: Some(refusal.line),
                ..Note::new(format!("the settings refuse to load under a condition: \"{}\"", refusal.says))
            });
        }
    }

    /// What could not be read is not known to be good.
    fn unread(&mut self, inputs: &Inputs<'_>) {
        let (context, overlay) = (inputs.context, inputs.flag("overlay"));
        // The module on top decides these itself.
        let settled =
            |name: &&&str| overlay && (**name == "DEBUG" || (**name == "STATIC_ROOT" && context.set_static_root));
        let unread: Vec<&str> = context.unread.iter().filter(|name| !settled(name)).copied().collect();
        if unread.is_empty() {
            return;
        }
        let sure = |name: &&str| match *name {
            "DEBUG" => Some("`DEBUG` is off"),
            "SECRET_KEY" => Some("the key is secret and the same in all processes"),
            "DATABASES" => Some("the database is no file of the bundle and not on `localhost`"),
            "ALLOWED_HOSTS" => Some("the environment's address is allowed"),
            "STATIC_ROOT" | "STATIC_URL" => Some("`collectstatic` writes into the bundle's folder"),
            _ => None,
        };
        let message = format!("could not be read: {}", unread.join(", "));
        let wanted: BTreeSet<&str> = unread.iter().filter_map(sure).collect();
        let fix = (!wanted.is_empty())
            .then(|| format!("make sure that {}", wanted.into_iter().collect::<Vec<_>>().join(", and ")));
        self.0.push(Note { path: Some(context.settings.clone()), fix, ..Note::new(message) });
    }

    /// The project's own processes, as far as somebody has to look after them.
    fn processes(&mut self, inputs: &Inputs<'_>) {
        let detected = inputs.detected;
        let of_file = |message: String, fix: &str| Note {
            path: Some("Procfile".to_owned()),
            fix: Some(fix.to_owned()),
            ..Note::new(message)
        };
        if let Some(web) = &detected.web {
            match command::read(web, inputs.tree) {
                Known::Yes(served) => {
                    if let Some(why) = served.misplaced {
                        let message = format!("the proxy asks port {APPLICATION_PORT}, and {why}: every page is a 502");
                        let note = of_file(message, "let it listen on `127.0.0.1:${PORT:-8000}`");
                        self.0.push(Note { rule: Some("EB004"), ..note });
                    }
                }
                Known::No => {}
                Known::Unknown(why) => self.0.push(of_file(
                    format!("`{web}` is not understood: {why}"),
                    "make sure that it listens on port 8000, serves what production should, and stays up",
                )),
            }
        }
        let procfile = inputs.tree.text("Procfile").map(procfile::parse).unwrap_or_default();
        let single = inputs.text("profile") == "learning";
        for process in procfile.processes.iter().filter(|process| command::is_scheduler(&process.command)) {
            if !single {
                let message = format!(
                    "`{}` runs on every instance: each task is queued as often as there are instances",
                    process.name
                );
                self.0.push(of_file(message, "run it on an environment of its own with one instance, or keep its schedule in the database with a lock"));
            }
        }
        let scheduled = procfile.processes.iter().any(|process| command::is_scheduler(&process.command));
        if let Some(celery) = detected.celery.as_ref().filter(|_| detected.beats && !scheduled) {
            let message = "Celery has a schedule, and nothing starts what reads it";
            let fix =
                format!("`beat: celery --app {celery} beat` in `Procfile`, where there is one instance and no more");
            self.0.push(of_file(message.to_owned(), &fix));
        }
        let runs = |starts: &str| {
            let word = starts.split_whitespace().last().unwrap_or_default();
            procfile.processes.iter().any(|process| process.command.contains(word))
        };
        for (package, starts) in detected.queues.iter().filter(|(_, starts)| !runs(starts)) {
            let message = format!("`{package}` is installed, and nothing starts its worker");
            self.0.push(of_file(message, &format!("`worker: {starts}`, if the site queues tasks")));
        }
    }
}
