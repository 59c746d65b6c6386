//! The plan: each file with what happens to it and why, and what is left for people to do.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::beanstalk::defaults::APPLICATION_PORT;
use crate::beanstalk::procfile;
use crate::beanstalk::tree::Tree;
use crate::known::Known;
use crate::stack::{self, Error, Planned, Scope, Stack, TargetPath};

use super::command;
use super::existing::{self, Remainder};
use super::requirements::ListChange;
use super::{Context, Detected};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Add,
    Change,
    /// It is there and as it would be.
    Same,
    /// It is there and stays as it is, or the project has its like.
    Keep,
}

impl Action {
    /// The mark before a path.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Change => "~",
            Self::Same | Self::Keep => "=",
        }
    }
}

/// File of the plan: what happens to it, and why.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) path: TargetPath,
    pub(crate) action: Action,
    pub(crate) why: String,
    /// Does it belong to the package that is added, which is whole or not there at all?
    pub(crate) of_package: bool,
    /// What is there.
    pub(crate) before: Option<Vec<u8>>,
    /// What will be, for those that are added or changed.
    pub(crate) after: Option<Planned>,
}

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
    fn new(message: impl Into<String>) -> Self {
        Self { rule: None, path: None, line: None, message: message.into(), fix: None }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The package first, then by path.
    pub(crate) items: Vec<Item>,
    pub(crate) notes: Vec<Note>,
    /// The paths of everything that is rendered.
    ours: Vec<String>,
}

/// Tells the content of a file, if there is one.
pub(crate) type Disk<'a> = dyn Fn(&TargetPath) -> Result<Option<Vec<u8>>, Error> + 'a;

/// Inputs of a plan.
pub(crate) struct Inputs<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) scope: &'a Scope,
    pub(crate) tree: &'a Tree,
    pub(crate) detected: &'a Detected,
    pub(crate) context: &'a Context,
    /// What is on disk, also what does not ship.
    pub(crate) disk: &'a Disk<'a>,
}

impl Plan {
    pub(crate) fn of(inputs: &Inputs<'_>) -> Result<Self, Error> {
        let mut plan = Self::default();
        let rendered = stack::Plan::render(inputs.stack, inputs.scope)?;
        let web = rendered.iter().find(|(path, _)| path.to_string() == "Procfile");
        let web = web.map(|(_, planned)| String::from_utf8_lossy(&planned.content).into_owned()).unwrap_or_default();
        plan.ours = rendered.iter().map(|(path, _)| path.to_string()).collect();
        for (path, planned) in rendered.iter() {
            plan.file(inputs, &path.to_string(), planned.clone(), &web)?;
        }
        plan.requirements(inputs)?;
        plan.gitignore(inputs)?;
        if inputs.flag("overlay") {
            plan.make_heard(inputs)?;
        }
        plan.remarks(inputs);
        plan.items.sort_by(|a, b| (!a.of_package, &a.path).cmp(&(!b.of_package, &b.path)));
        Ok(plan)
    }

    fn file(&mut self, inputs: &Inputs<'_>, from: &str, mut planned: Planned, web: &str) -> Result<(), Error> {
        let of_package = from.starts_with("deployment/");
        let path = TargetPath::parse(&inputs.place(from))?;
        let mut why = inputs.why(from);
        let before = (inputs.disk)(&path)?;
        let keep = |plan: &mut Self, why: String, before| {
            plan.items.push(Item { path: path.clone(), action: Action::Keep, why, of_package, before, after: None });
            Ok(())
        };
        if let Some(content) = before {
            if content == planned.content {
                self.items.push(Item {
                    path,
                    action: Action::Same,
                    why,
                    of_package,
                    before: Some(content),
                    after: None,
                });
                return Ok(());
            }
            let text = std::str::from_utf8(&content).ok();
            return match text.filter(|_| from == "Procfile").map(|text| existing::procfile(text, web)) {
                Some(Some((after, why))) => {
                    let after = Some(Planned { content: after.into_bytes(), executable: false });
                    self.items.push(Item {
                        path,
                        action: Action::Change,
                        why,
                        of_package,
                        before: Some(content),
                        after,
                    });
                    Ok(())
                }
                Some(None) => keep(self, understood(inputs), Some(content)),
                None => keep(self, "it is there, and stays as it is".to_owned(), Some(content)),
            };
        }
        if let Some(because) = existing::needless(from, inputs.detected, &self.ours) {
            return keep(self, because, None);
        }
        if from.starts_with(".ebextensions/") {
            let text = String::from_utf8_lossy(&planned.content).into_owned();
            match existing::rest(from, &text, &inputs.detected.customizations, inputs.tree) {
                Remainder::Whole => {}
                Remainder::Less { text, because } => {
                    why = format!("{why}; without what {because} has already");
                    planned.content = text.into_bytes();
                }
                Remainder::Nothing { because } => return keep(self, format!("not needed: {because} has it all"), None),
            }
        }
        if from.contains("confighooks/")
            && from.ends_with("collectstatic.sh")
            && let Some(other) = existing::runs(inputs.tree, ".platform/confighooks", "collectstatic", from)
        {
            return keep(self, format!("not needed: `{other}` does it"), None);
        }
        self.items.push(Item { path, action: Action::Add, why, of_package, before: None, after: Some(planned) });
        Ok(())
    }

    /// A file of the project with another text.
    fn change(&mut self, inputs: &Inputs<'_>, path: &str, text: String, why: String) -> Result<(), Error> {
        let path = TargetPath::parse(path)?;
        let before = (inputs.disk)(&path)?;
        let action = if before.is_some() { Action::Change } else { Action::Add };
        let after = Some(Planned { content: text.into_bytes(), executable: false });
        self.items.push(Item { path, action, why, of_package: false, before, after });
        Ok(())
    }

    fn requirements(&mut self, inputs: &Inputs<'_>) -> Result<(), Error> {
        let pins = inputs.pins()?;
        match inputs.detected.packages.with(inputs.tree, &pins) {
            ListChange::Enough => {}
            ListChange::Write { path, text, then } => {
                let added: Vec<&str> = pins
                    .iter()
                    .map(|pin| pin.split("==").next().unwrap_or(pin))
                    .filter(|name| !inputs.detected.packages.has(name))
                    .collect();
                let what = if added.is_empty() {
                    inputs.why("requirements.txt")
                } else {
                    format!("{}: {}", inputs.why("requirements.txt"), added.join(", "))
                };
                self.change(inputs, &path, text, what)?;
                self.notes.extend(then.map(Note::new));
            }
            ListChange::Left { path, message, fix } => {
                self.notes.push(Note { path: Some(path), fix: Some(fix), ..Note::new(message) });
            }
        }
        Ok(())
    }

    fn gitignore(&mut self, inputs: &Inputs<'_>) -> Result<(), Error> {
        const FILE: &str = ".gitignore";
        let before = (inputs.disk)(&TargetPath::parse(FILE)?)?;
        let before = before.as_deref().and_then(|content| std::str::from_utf8(content).ok());
        let collected = inputs.flag("overlay") && inputs.context.set_static_root;
        let wanted: &[&str] = if collected { &[".beansprout/", "staticfiles/"] } else { &[".beansprout/"] };
        match existing::gitignore(before, wanted) {
            Some(text) => self.change(inputs, FILE, text, inputs.why(FILE)),
            None => Ok(()),
        }
    }

    /// The settings module on top has an effect only where nothing names another.
    fn make_heard(&mut self, inputs: &Inputs<'_>) -> Result<(), Error> {
        let module = format!("{}.settings", inputs.context.package);
        if let Some((path, text)) = existing::settings_option(&inputs.detected.customizations, &module) {
            self.change(inputs, &path, text, format!("it names the settings module, and that is `{module}` now"))?;
        }
        let served = inputs.text("wsgi").split(':').next().unwrap_or_default().replace('.', "/");
        let path = format!("{}{served}.py", inputs.detected.root);
        if let Some(text) = inputs.tree.text(&path).and_then(existing::listening) {
            self.change(inputs, &path, text, "it would name other settings than the environment does".to_owned())?;
        }
        Ok(())
    }

    fn remarks(&mut self, inputs: &Inputs<'_>) {
        let context = inputs.context;
        let overlay = inputs.flag("overlay");
        if !overlay && inputs.text("own_health").is_empty() {
            let because = context.no_overlay.as_ref().map(|because| format!(": {because}")).unwrap_or_default();
            let fix = "answer a path such as `/health/` before host and HTTPS checks, and adopt again with `--set own_health=/health/`";
            self.notes.push(Note {
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
            self.notes.push(Note { rule: Some("EB021"), path, fix: Some(fix.to_owned()), ..Note::new(message) });
        }
        self.properties(inputs);
        self.unread(inputs);
        self.processes(inputs);
        if inputs.detected.packages.lacks_django() {
            let path = inputs.detected.requirements.clone();
            let message = "it asks for no Django: whatever brings it must be in the list that the instance installs";
            let fix = Some("add Django, or name the file that has it with `-r`".to_owned());
            self.notes.push(Note { path, fix, ..Note::new(message) });
        }
        if context.built_static && !inputs.flag("collects") {
            let message =
                format!("`{}` is in git and ships as it is: `collectstatic` is left out", context.static_root);
            let fix = "`beansprout adopt --set collectstatic=true`, if nothing else builds it";
            self.notes.push(Note { fix: Some(fix.to_owned()), ..Note::new(message) });
        }
    }

    /// What people have to set, what only under a condition, and what the settings do without.
    fn properties(&mut self, inputs: &Inputs<'_>) {
        let (context, overlay) = (inputs.context, inputs.flag("overlay"));
        let mut needed: BTreeSet<String> = BTreeSet::new();
        let mut perhaps: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for variable in context.required.iter().filter(|variable| variable.name != "DJANGO_SETTINGS_MODULE") {
            match &variable.when {
                None => drop(needed.insert(variable.name.clone())),
                // Whoever asks whether it is there can do without.
                Some(when)
                    if ['"', '\''].iter().any(|quote| when.contains(&format!("{quote}{}{quote}", variable.name))) => {}
                Some(when) => drop(perhaps.entry(when.clone()).or_default().insert(variable.name.clone())),
            }
        }
        if overlay && (context.set_secret || context.offer_secret) {
            needed.insert(context.secret_name.clone());
        }
        if overlay && matches!(inputs.text("database"), "postgresql" | "mysql") {
            needed.insert("DATABASE_URL".to_owned());
        }
        if !inputs.text("secret_arn").is_empty() {
            needed.remove("SECRET_KEY");
        }
        if !needed.is_empty() {
            let names = needed.iter().cloned().collect::<Vec<_>>().join(", ");
            let fix = "in the console, or with `eb setenv`; secrets better as `environmentsecrets`";
            self.notes.push(Note {
                fix: Some(fix.to_owned()),
                ..Note::new(format!("set as environment properties: {names}"))
            });
        }
        for (when, names) in perhaps {
            let names: Vec<String> = names.into_iter().filter(|name| !needed.contains(name)).collect();
            let when = when.split_whitespace().collect::<Vec<_>>().join(" ");
            if !names.is_empty() && when.len() <= 120 {
                self.notes.push(Note::new(format!("only if `{when}`: set {}", names.join(", "))));
            } else if !names.is_empty() {
                self.notes.push(Note::new(format!("only under a condition of the settings: set {}", names.join(", "))));
            }
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
        self.notes.push(Note { path: Some(context.settings.clone()), fix, ..Note::new(message) });
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
                        self.notes.push(Note { rule: Some("EB004"), ..note });
                    }
                }
                Known::No => {}
                Known::Unknown(why) => self.notes.push(of_file(
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
                self.notes.push(of_file(message, "run it on an environment of its own with one instance, or keep its schedule in the database with a lock"));
            }
        }
        let runs = |starts: &str| {
            let word = starts.split_whitespace().last().unwrap_or_default();
            procfile.processes.iter().any(|process| process.command.contains(word))
        };
        for (package, starts) in detected.queues.iter().filter(|(_, starts)| !runs(starts)) {
            let message = format!("`{package}` is installed, and nothing starts its worker");
            self.notes.push(of_file(message, &format!("`worker: {starts}`, if the site queues tasks")));
        }
    }
}

impl Plan {
    /// What is said of files that were left out because the packager refuses them.
    pub(crate) fn excluded(&self, paths: &[String]) -> Option<Note> {
        let written = self.items.iter().any(|item| item.path.to_string() == crate::project::FILE && item.writes());
        if paths.is_empty() {
            return None;
        }
        let names = paths
            .iter()
            .take(5)
            .map(|path| format!("`{}`", path.trim_start_matches('/')))
            .collect::<Vec<_>>()
            .join(", ");
        let more = if paths.len() > 5 { format!(" and {} more", paths.len() - 5) } else { String::new() };
        let (message, fix) = if written {
            (
                format!("{names}{more} would be refused by `beansprout package`, and is left out of the bundle"),
                "if the site needs one of them: `allow` instead of `exclude` in `beansprout.toml`",
            )
        } else {
            (
                format!("{names}{more} would be refused by `beansprout package`"),
                "`exclude` in `[bundle]` of `beansprout.toml` leaves it out, `allow` lets it ship",
            )
        };
        Some(Note { fix: Some(fix.to_owned()), ..Note::new(message) })
    }
}

/// What is said of a `Procfile` that stays as it is.
fn understood(inputs: &Inputs<'_>) -> String {
    let web = inputs.detected.web.as_deref().unwrap_or_default();
    match command::read(web, inputs.tree) {
        Known::Yes(served) if served.misplaced.is_none() => {
            format!("it is there: `{}` where the proxy asks", served.program)
        }
        Known::Yes(_) => "it is there, and stays as it is; the proxy asks elsewhere".to_owned(),
        Known::No | Known::Unknown(_) => "it is there, and stays as it is; its command is not understood".to_owned(),
    }
}

impl Inputs<'_> {
    fn value(&self, name: &str) -> Option<&serde_json::Value> {
        self.scope.get(name)
    }

    fn text(&self, name: &str) -> &str {
        self.value(name).and_then(serde_json::Value::as_str).unwrap_or_default()
    }

    fn flag(&self, name: &str) -> bool {
        self.value(name).and_then(serde_json::Value::as_bool).unwrap_or_default()
    }

    /// Where a file goes: the package that is added lies among the project's modules.
    fn place(&self, from: &str) -> String {
        match from.strip_prefix("deployment/") {
            Some(inside) => format!("{}{}/{inside}", self.detected.root, self.context.package),
            None => from.to_owned(),
        }
    }

    fn why(&self, from: &str) -> String {
        let why = self.value("why").and_then(|why| why.get(from)).and_then(serde_json::Value::as_str);
        why.unwrap_or_default().to_owned()
    }

    /// What has to be installed beside the project's own, each with its version.
    fn pins(&self) -> Result<Vec<String>, Error> {
        const FILE: &str = "requirements.txt";
        let has = |names: &[&str]| names.iter().any(|name| self.detected.packages.has(name));
        let procfile = self.tree.text("Procfile").unwrap_or_default();
        let theirs = procfile.lines().find(|line| line.starts_with("web:"));
        let mut wanted: Vec<&str> = Vec::new();
        if theirs.is_none_or(|line| line.contains("gunicorn")) {
            wanted.push("gunicorn");
        }
        if theirs.is_none() && self.text("server") == "asgi" {
            wanted.extend(["uvicorn", "uvicorn-worker"]);
        }
        if self.flag("overlay") {
            match self.text("database") {
                "postgresql" if !has(&["psycopg", "psycopg2", "psycopg2-binary"]) => {
                    wanted.extend(["psycopg", "psycopg-binary"])
                }
                "mysql" if !has(&["mysqlclient", "PyMySQL"]) => wanted.push("PyMySQL"),
                _ => {}
            }
        }
        let template = self.stack.template(FILE)?.unwrap_or_default();
        let list = stack::render(FILE, &template, self.scope)?;
        let pinned = |line: &&str| line.split_once("==").is_some_and(|(name, _)| wanted.contains(&name));
        Ok(list.lines().filter(pinned).map(str::to_owned).collect())
    }
}

impl Item {
    /// Does accepting it change anything on disk?
    pub(crate) fn writes(&self) -> bool {
        self.after.is_some()
    }

    /// As `diff -u` shows it.
    pub(crate) fn diff(&self) -> Option<String> {
        let after = self.after.as_ref()?;
        let before = std::str::from_utf8(self.before.as_deref().unwrap_or_default()).ok()?;
        Some(stack::diff(&self.path, before, std::str::from_utf8(&after.content).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beanstalk::tree::Entry;
    use crate::stack::{Answers, Given, from_default, pairwise};

    const MANAGE: &str =
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nexecute_from_command_line()\n";
    const SETTINGS: &str = "import os\nfrom pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\n\
        INSTALLED_APPS = ['django.contrib.staticfiles']\nROOT_URLCONF = 'shop.urls'\nSTATIC_URL = 'static/'\n";

    fn project(folder: &str, settings: &str) -> Tree {
        Tree::default()
            .file(&format!("{folder}manage.py"), MANAGE)
            .file(&format!("{folder}shop/settings.py"), format!("{SETTINGS}{settings}"))
            .file(&format!("{folder}shop/urls.py"), "urlpatterns = []\n")
            .file(&format!("{folder}shop/celery.py"), "app = Celery('shop')\n")
            .file(&format!("{folder}shop/asgi.py"), "application = get_asgi_application()\n")
            .file(&format!("{folder}shop/wsgi.py"), "application = get_wsgi_application()\n")
            .file("requirements.txt", "Django==5.2.19\ncelery\n")
    }

    /// Rendered, well formed, and nothing that our own check finds in our own files: for each of these answers, or without
    /// any, for every two that can meet.
    #[track_caller]
    fn case(folder: &str, settings: &str, answers: &[&str]) {
        let tree = project(folder, settings);
        let detected = Detected::of(&tree, folder);
        let context = Context::of(&tree, &detected, "shop.settings", "shop");
        let mut stack = Stack::adopted().unwrap();
        let python = stack.manifest.questions.iter_mut().find(|question| question.key == "python").unwrap();
        python.default = Some("3.13".to_owned());
        let mut scope = stack.scope("shop");
        scope.set("found", serde_json::to_value(&context).unwrap());
        let disk = |path: &TargetPath| Ok(tree.content(&path.to_string()).map(<[u8]>::to_vec));
        let rows = if answers.is_empty() {
            pairwise(&stack, &scope).unwrap()
        } else {
            let one = |pair: &&str| {
                let mut given = Given::default();
                let (key, value) = pair.split_once('=').unwrap();
                given.typed(key, value);
                Answers::resolve(&stack, &given, scope.clone(), |asking| from_default(asking, true)).unwrap()
            };
            answers.iter().map(one).collect()
        };
        for (number, row) in rows.iter().enumerate() {
            let inputs = Inputs {
                stack: &stack,
                scope: &row.scope,
                tree: &tree,
                detected: &detected,
                context: &context,
                disk: &disk,
            };
            let plan = Plan::of(&inputs).unwrap();
            let mut after = tree.clone();
            for item in &plan.items {
                let planned = item.after.as_ref().unwrap_or_else(|| panic!("{} is kept", item.path));
                let text = std::str::from_utf8(&planned.content).unwrap();
                let path = &item.path;
                assert!(!item.why.is_empty(), "{path} has no reason");
                let braces = path.to_string().contains(".github");
                assert!(braces || !(text.contains("{{") || text.contains("{%")), "{path}:\n{text}");
                assert!(!text.lines().any(|line| line.ends_with(' ')), "{path}:\n{text}");
                assert!(text.is_empty() || (text.ends_with('\n') && !text.ends_with("\n\n")), "{path}:\n{text}");
                let bytes = planned.content.len() as u64;
                let content = Some(planned.content.clone());
                after.insert(path.to_string(), Entry::File { executable: planned.executable, bytes, content });
            }
            // Some of them: a check of all would take half a minute.
            if answers.is_empty() && number % 12 > 0 {
                continue;
            }
            let report = crate::check::run(&after, &crate::check::Settings::default());
            // The path that a sample names is answered by no URL of this project: that is a true finding.
            let ours = report.findings.iter().find(|finding| {
                finding.rule != "EB013" && plan.items.iter().any(|item| item.path.to_string() == finding.path)
            });
            assert!(ours.is_none(), "{:?}\n{ours:#?}", row.given);
        }
    }

    #[test]
    fn every_plan_is_well_formed_and_checked() {
        const SQLITE: &str = "MIDDLEWARE = ['a']\nDEBUG = True\nSECRET_KEY = 'x'\nALLOWED_HOSTS = []\n\
            DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'db.sqlite3'}}\n";
        const POSTGIS: &str = "MIDDLEWARE = ['whitenoise.middleware.WhiteNoiseMiddleware']\nSECRET_KEY = os.environ['SECRET_KEY']\n\
            ALLOWED_HOSTS = ['*']\nSTATIC_ROOT = BASE_DIR / 'collected'\n\
            DATABASES = {'default': {'ENGINE': 'django.contrib.gis.db.backends.postgis', 'NAME': 'shop'}}\n";
        const ELSEWHERE: &str = "MIDDLEWARE = ['a']\nDATABASES = {'default': dj_database_url.config()}\nSTATIC_URL = 'https://cdn.example.com/'\n";
        case("", SQLITE, &[]);
        case("src/", POSTGIS, &["profile=steady", "overlay=no", "database=mysql", "server=asgi"]);
        case("", ELSEWHERE, &["profile=spiky", "overlay=no", "static_files=nginx", "domain=www.example.com"]);
    }
}
