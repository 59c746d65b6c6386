//! Detection of an existing project: where things are, and what they are called.

use serde::Serialize;

use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::eb_config::{self, EbConfig};
use crate::beanstalk::procfile;
use crate::beanstalk::tree::Tree;
use crate::check::django;

use super::command;
use super::image;
use super::python::{self, PythonRequirement};
use super::requirements::Requirements;
use super::settings;
use crate::known::Known;
use crate::settings_module;

/// An existing project as detected, as far as it does not depend on the choice of settings.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Detected {
    /// Django's command line.
    pub(crate) manage: String,
    /// The folder that its modules are in: empty, or ending with a slash.
    pub(crate) root: String,
    /// Modules that look like settings, the most likely production's first.
    pub(crate) settings: Vec<String>,
    /// Is that one sure?
    #[serde(skip)]
    pub(crate) sure: bool,
    /// A settings module that something names and that does not ship, and what names it.
    #[serde(skip)]
    pub(crate) absent: Option<(String, String)>,
    pub(crate) wsgi: Option<String>,
    pub(crate) asgi: Option<String>,
    pub(crate) celery: Option<String>,
    /// Has Celery a schedule?
    #[serde(skip)]
    pub(crate) beats: bool,
    /// Other task queues, each with what starts its worker.
    #[serde(skip)]
    pub(crate) queues: Vec<(&'static str, &'static str)>,
    /// The command of its own web process.
    #[serde(skip)]
    pub(crate) web: Option<String>,
    /// Do its settings and packages speak of WebSockets?
    pub(crate) channels: bool,
    /// Where its packages are listed.
    pub(crate) requirements: Option<String>,
    pub(crate) django: Option<String>,
    pub(crate) python: Option<PythonRequirement>,
    #[serde(skip)]
    pub(super) packages: Requirements,
    /// Is there an environment that the EB CLI knows?
    #[serde(skip)]
    pub(super) has_environment: bool,
    #[serde(skip)]
    pub(super) eb: EbConfig,
    #[serde(skip)]
    pub(super) customizations: Customizations,
    /// Settings that are classes, which cannot be imported with a star.
    #[serde(skip)]
    pub(super) configurations: bool,
}

impl Detected {
    /// Look at the project in `folder`, one of `projects`.
    pub(crate) fn of(tree: &Tree, folder: &str) -> Self {
        let manage = format!("{folder}manage.py");
        let by_manage = tree.text(&manage).and_then(named);
        let root = root(tree, folder, by_manage.as_deref());
        let server = |name: &str| server(tree, &root, name);
        let wsgi_file = server("wsgi.py");
        let by_wsgi = wsgi_file.as_deref().and_then(|path| tree.text(path)).and_then(named);
        let customizations = Customizations::read(tree);
        let eb = EbConfig::of(tree);
        let by_option = customizations.option(DEFAULT, "DJANGO_SETTINGS_MODULE").map(str::to_owned);
        let (mut modules, mut sure) = settings::modules(tree, &root, by_wsgi.as_deref(), by_manage.as_deref());
        let mut first = |named: &str| {
            let at = modules.iter().position(|module| module == named)?;
            let named = modules.remove(at);
            modules.insert(0, named);
            sure = true;
            Some(())
        };
        let is_there = |named: &str| django::module_path(tree, &root, named).is_some();
        let mut elsewhere = image::settings(tree, folder);
        let absent = elsewhere
            .iter()
            .chain(&by_wsgi.clone().zip(wsgi_file.clone()))
            .find(|(named, _)| !is_there(named))
            .cloned();
        elsewhere.retain(|(named, _)| is_there(named) && !settings::is_of_desk(named));
        // Whoever deployed it there before has said it; or those who run it elsewhere, if they agree.
        if by_option.and_then(|named| first(&named)).is_none()
            && let [(named, _)] = elsewhere.as_slice()
        {
            first(named);
        }
        let folders: Vec<&str> = if folder.is_empty() { vec![""] } else { vec!["", folder] };
        let packages = Requirements::read(tree, folder);
        let target = |path: Option<String>, name: &str| path.map(|path| format!("{}:{name}", dotted(&root, &path)));
        let configurations = [Some(manage.as_str()), wsgi_file.as_deref()]
            .into_iter()
            .flatten()
            .any(|path| tree.text(path).is_some_and(|text| text.contains("DJANGO_CONFIGURATION")));
        let callable = wsgi_file.as_deref().and_then(|path| callable(tree.text(path)?)).unwrap_or("application");
        Self {
            wsgi: target(wsgi_file, callable),
            asgi: target(server("asgi.py"), "application"),
            celery: celery(tree, &root),
            beats: packages.has("django-celery-beat") || beats(tree, &root),
            queues: QUEUES.iter().filter(|(package, _)| packages.has(package)).copied().collect(),
            web: web(tree),
            channels: packages.has("channels") || packages.has("daphne"),
            requirements: packages.path().map(str::to_owned),
            django: packages.django().map(|version| version.to_string()),
            has_environment: eb.branches.values().any(|branch| branch.environment.is_some()),
            python: by_platform(&eb).or_else(|| python::wanted(tree, &folders)),
            eb,
            manage,
            root,
            settings: modules,
            sure,
            absent,
            packages,
            customizations,
            configurations,
        }
    }

    /// The branch to propose of those on offer, and what has to be said of it.
    pub(crate) fn branch(&self, branches: &[String], usual: &str) -> (String, Option<String>) {
        python::branch(self.python.as_ref(), self.packages.django().as_ref(), branches, usual)
    }

    /// The application that the project's own `Procfile` serves, if it has one.
    pub(crate) fn serves(&self, tree: &Tree) -> Known<String> {
        let Some(web) = &self.web else { return Known::No };
        match command::read(web, tree) {
            Known::Yes(served) => {
                served.application.map_or_else(|| Known::unknown(format!("`{web}` names none")), Known::Yes)
            }
            Known::No => Known::No,
            Known::Unknown(why) => Known::Unknown(why),
        }
    }

    pub(crate) fn application(&self) -> Option<&str> {
        self.eb.application.as_deref()
    }

    pub(crate) fn region(&self) -> Option<&str> {
        self.eb.region.as_deref()
    }
}

const DEFAULT: &str = crate::beanstalk::config_file::DEFAULT_NAMESPACE;

/// The settings module that a file names for certain.
fn named(text: &str) -> Option<String> {
    settings_module::named_in(text).yes().map(|named| named.module)
}

/// The Python of the platform that `eb init` wrote down.
fn by_platform(eb: &EbConfig) -> Option<PythonRequirement> {
    let version = eb.platform()?.python.filter(|version| version.major == 3)?;
    Some(PythonRequirement { version: version.to_string(), path: eb_config::PATH.to_owned() })
}

/// Where modules are looked for: beside `manage.py`, or where its settings are if it extends the path.
fn root(tree: &Tree, folder: &str, module: Option<&str>) -> String {
    let Some(module) = module else { return folder.to_owned() };
    if django::module_path(tree, folder, module).is_some() {
        return folder.to_owned();
    }
    let file = module.replace('.', "/");
    let [plain, package] = [format!("/{file}.py"), format!("/{file}/__init__.py")];
    let mut roots: Vec<&str> = tree
        .iter()
        .filter(|(path, _)| path.starts_with(folder))
        .filter_map(|(path, _)| path.strip_suffix(&plain).or_else(|| path.strip_suffix(&package)))
        .collect();
    roots.sort_by_key(|root| root.matches('/').count());
    roots.first().map_or_else(|| folder.to_owned(), |root| format!("{root}/"))
}

/// Task queues beside Celery, by package.
const QUEUES: &[(&str, &str)] = &[
    ("django-q", "python manage.py qcluster"),
    ("django-q2", "python manage.py qcluster"),
    ("django-rq", "python manage.py rqworker"),
    ("huey", "python manage.py run_huey"),
    ("django-dramatiq", "python manage.py rundramatiq"),
    ("django-background-tasks", "python manage.py process_tasks"),
    ("procrastinate", "python manage.py procrastinate worker"),
];

/// The command of the process `web` in the project's own `Procfile`.
fn web(tree: &Tree) -> Option<String> {
    procfile::parse(tree.text("Procfile")?).web().map(|process| process.command.clone())
}

/// The file of that name with an `application` in it, or the package: the shallowest, and nobody's test.
fn server(tree: &Tree, root: &str, name: &str) -> Option<String> {
    let package = format!("/{}/__init__.py", name.trim_end_matches(".py"));
    let mut found: Vec<&str> = tree
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.starts_with(root) && (settings::is_called(path, &[name]) || path.ends_with(&package)))
        .filter(|path| settings::is_importable(&path[root.len()..]))
        .filter(|path| !path.split('/').any(|dir| matches!(dir, "tests" | "test" | "docs") || dir.contains("template")))
        .filter(|path| tree.text(path).is_some_and(|text| text.contains("application") && !settings::is_ours(text)))
        .collect();
    found.sort_by_key(|path| path.matches('/').count());
    found.first().map(|path| (*path).to_owned())
}

/// What the module calls its application.
fn callable(text: &str) -> Option<&'static str> {
    let sets = |name: &str| {
        text.lines().any(|line| line.starts_with(name) && line[name.len()..].trim_start().starts_with('='))
    };
    ["application", "app"].into_iter().find(|name| sets(name))
}

fn dotted(root: &str, path: &str) -> String {
    let module = path[root.len()..].trim_end_matches(".py");
    module.trim_end_matches("/__init__").replace('/', ".")
}

/// Does the project's own code schedule tasks?
fn beats(tree: &Tree, root: &str) -> bool {
    const WORDS: [&str; 3] = ["CELERY_BEAT_SCHEDULE", "beat_schedule", "CELERYBEAT_SCHEDULE"];
    let sets = |line: &str| WORDS.iter().any(|word| line.contains(word)) && !line.trim_start().starts_with('#');
    let mut own = tree.iter().map(|(path, _)| path).filter(|path| path.starts_with(root) && path.ends_with(".py"));
    own.any(|path| tree.text(path).is_some_and(|text| text.lines().any(sets)))
}

/// The module with Celery's application, as `celery --app` wants it: known by its content, the usual names first.
fn celery(tree: &Tree, root: &str) -> Option<String> {
    const USUAL: [&str; 3] = ["celery.py", "celery_app.py", "celeryapp.py"];
    let makes = |text: &str| {
        let mut lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        lines.any(|line| line.split_once("Celery(").is_some_and(|(before, _)| before.trim_end().ends_with('=')))
    };
    let mut found: Vec<&str> = tree
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.starts_with(root) && path.ends_with(".py"))
        .filter(|path| {
            let parts = || path.split('/');
            !parts().any(|part| matches!(part, "tests" | "test" | "docs") || part.starts_with("test_"))
        })
        .filter(|path| tree.text(path).is_some_and(makes))
        .collect();
    found.sort_by_key(|path| (!settings::is_called(path, &USUAL), path.matches('/').count()));
    let module = dotted(root, found.first()?);
    Some(module.strip_suffix(".celery").map(str::to_owned).unwrap_or(module))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adopt::projects;

    const MANAGE: &str =
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nexecute_from_command_line(sys.argv)\n";
    const SETTINGS: &str = "INSTALLED_APPS = []\nMIDDLEWARE = []\n";
    const WSGI: &str =
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\napplication = get_wsgi_application()\n";

    fn project(folder: &str, modules: &str) -> Tree {
        Tree::default()
            .file(&format!("{folder}manage.py"), MANAGE)
            .file(&format!("{modules}shop/settings.py"), SETTINGS)
            .file(&format!("{modules}shop/wsgi.py"), WSGI)
    }

    #[test]
    fn layouts() {
        #[track_caller]
        fn case(folder: &str, modules: &str) {
            let tree = project(folder, modules);
            assert_eq!(projects(&tree), [folder]);
            let detected = Detected::of(&tree, folder);
            assert_eq!(
                (detected.root.as_str(), detected.settings.as_slice(), detected.sure),
                (modules, &["shop.settings".to_owned()][..], true)
            );
            assert_eq!(detected.wsgi.as_deref(), Some("shop.wsgi:application"));
        }
        case("", "");
        case("src/", "src/");
        case("", "src/");
        case("backend/site/", "backend/site/");
    }

    #[test]
    fn several_projects_are_told() {
        let tree = project("", "").file("sandbox/manage.py", MANAGE).file("tests/site/manage.py", MANAGE);
        assert_eq!(projects(&tree), ["", "sandbox/"]);
        assert_eq!(projects(&Tree::default().file("manage.py", "print('mine')")), [""; 0]);
    }

    #[test]
    fn celery_and_asgi() {
        let tree = project("", "")
            .file("shop/celery.py", "app = Celery('shop')\n")
            .file("shop/asgi.py", "application = get_asgi_application()\n")
            .file("requirements.txt", "channels\n");
        let detected = Detected::of(&tree, "");
        assert_eq!(detected.celery.as_deref(), Some("shop"));
        assert_eq!(detected.asgi.as_deref(), Some("shop.asgi:application"));
        assert!(detected.channels);
    }

    #[test]
    fn the_platform_of_eb_init_has_many_spellings() {
        for platform in [
            "Python 3.11 running on 64bit Amazon Linux 2023",
            "arn:aws:elasticbeanstalk:us-east-1::platform/Python 3.11 running on 64bit Amazon Linux 2023/4.3.0",
            "64bit Amazon Linux 2023 v4.3.0 running Python 3.11",
            "python-3.11",
        ] {
            let config = format!("global:\n  default_platform: {platform}\n");
            let survey = Detected::of(&project("", "").file(".elasticbeanstalk/config.yml", &config), "");
            assert_eq!(survey.python.map(|wanted| wanted.version).as_deref(), Some("3.11"), "{platform}");
        }
    }

    #[test]
    fn what_eb_init_said_counts() {
        let tree = project("", "")
            .file(".elasticbeanstalk/config.yml", "global:\n  application_name: store\n  default_region: eu-west-1\n  default_platform: Python 3.12 running on 64bit Amazon Linux 2023\n")
            .file(".python-version", "3.11\n");
        let detected = Detected::of(&tree, "");
        assert_eq!(detected.python.map(|wanted| wanted.version).as_deref(), Some("3.12"));
        assert_eq!(
            (detected.eb.application.as_deref(), detected.eb.region.as_deref()),
            (Some("store"), Some("eu-west-1"))
        );
    }
}
