//! The plan: each file with what happens to it and why, and what is left for people to do.

use serde::Serialize;

use crate::known::Known;
use crate::stack::{self, Error, Planned, TargetPath};

use super::command;
use super::existing::{self, Remainder};
use super::inputs::Inputs;
use super::note::{self, Note};
use super::requirements::ListChange;

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

#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The package first, then by path.
    pub(crate) items: Vec<Item>,
    pub(crate) notes: Vec<Note>,
    /// The paths of everything that is rendered.
    ours: Vec<String>,
}

impl Plan {
    pub(crate) fn of(inputs: &Inputs<'_>) -> Result<Self, Error> {
        let mut plan = Self::default();
        let mut scope = inputs.scope.clone();
        scope.set("needed", inputs.needed().into_iter().filter(|name| is_plain(name)).collect::<Vec<_>>().into());
        let rendered = stack::Plan::render(inputs.stack, &scope)?;
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
        plan.notes.extend(note::notes(inputs));
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

/// Is the name of a property one that TOML takes as it is?
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
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
    use crate::adopt::{Context, Detected};
    use crate::beanstalk::tree::{Entry, Tree};
    use crate::stack::{Answers, Given, Stack, from_default, pairwise};

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
            .file("requirements.txt", "Django==5.2.19\ncelery\nwhitenoise==6.9.0\n")
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
