//! Template context of an adopted project: what the chosen settings say.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::beanstalk::tree::{Tree, file_name};
use crate::check::django::{Settings, Value, Variable, properties, property_names};

use super::Detected;
use super::desk::{self, Refusal};
use crate::beanstalk::version::Version;

/// `found` in the templates.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Context {
    pub(crate) application: String,
    pub(crate) settings: String,
    pub(crate) database: &'static str,
    pub(crate) static_files: &'static str,
    /// `true` or `false`, the default of a question.
    pub(crate) overlay: &'static str,
    /// Why there should be no settings module on top.
    #[serde(skip)]
    pub(crate) no_overlay: Option<String>,
    pub(crate) celery: String,
    pub(crate) wsgi: String,
    pub(crate) asgi: String,
    pub(crate) has_wsgi: bool,
    pub(crate) manage: String,
    /// The folder of the modules, without a slash at its end.
    pub(crate) root: String,
    /// The package that is added.
    pub(crate) package: String,
    pub(crate) static_url: String,
    pub(crate) static_root: String,
    /// Is there an environment that the EB CLI knows, or that is described already?
    pub(crate) has_environment: bool,
    /// What is in the project and must not ship.
    pub(crate) exclude: Vec<String>,
    pub(crate) set_debug: bool,
    /// Is the key in the code, made anew by each process, or nothing where a variable is missing?
    pub(crate) set_secret: bool,
    /// The variable that it comes from.
    pub(crate) secret_name: String,
    /// No file that is here sets it.
    pub(crate) offer_secret: bool,
    pub(crate) set_static_root: bool,
    pub(crate) any_host: bool,
    pub(crate) has_hosts: bool,
    pub(crate) keep_engine: bool,
    /// A file beside the code, unless a variable names another database.
    pub(crate) sqlite_unless: bool,
    /// Files that were built before are in the folder of static files.
    pub(crate) built_static: bool,
    /// Django before 4.2 has no middleware that is both.
    pub(crate) sync_only: bool,
    pub(crate) mysqlclient: bool,
    /// Environment properties without which these settings do not load, each with its condition.
    #[serde(skip)]
    pub(crate) required: Vec<Variable>,
    /// Names of properties that the project's own files set.
    #[serde(skip)]
    pub(crate) given: BTreeSet<String>,
    /// Does django-compressor want its files made beforehand?
    pub(crate) compress: bool,
    /// Is the database in the memory of each process where no variable names another?
    #[serde(skip)]
    pub(crate) memory_unless: bool,
    /// What variables the database reads, as far as its own line names them.
    #[serde(skip)]
    pub(crate) database_reads: Vec<String>,
    /// What the settings say when they refuse to be loaded, and where.
    #[serde(skip)]
    pub(crate) refusals: Vec<Refusal>,
    /// `STATIC_URL`, where it names the visitor's own machine.
    #[serde(skip)]
    pub(crate) static_at_home: Option<String>,
    /// Settings that matter and that could not be read.
    #[serde(skip)]
    pub(crate) unread: Vec<&'static str>,
    /// What the settings name as ASGI application: proof that something needs it.
    #[serde(skip)]
    pub(crate) asgi_named: bool,
}

/// Settings without which nobody can say what the site will do.
const MATTER: &[&str] =
    &["DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "DATABASES", "INSTALLED_APPS", "MIDDLEWARE", "STATIC_ROOT", "STATIC_URL"];

impl Context {
    pub(crate) fn of(tree: &Tree, detected: &Detected, module: &str, folder: &str) -> Self {
        let settings =
            Settings::of(tree, &detected.root, module, properties(&detected.customizations)).unwrap_or_default();
        let root = detected.root.trim_end_matches('/').to_owned();
        let package = package(tree, &detected.root);
        let own_wsgi = format!("{package}.wsgi:application");
        let no_overlay = no_overlay(detected, &settings, module);
        let (database, keep_engine) = database(&settings);
        let static_root = match settings.value("STATIC_ROOT").by_default() {
            Value::Path(path) if !path.is_empty() => format!("{}{path}", detected.root),
            _ => String::new(),
        };
        let static_files = static_files(tree, &settings);
        let hosts = settings.value("ALLOWED_HOSTS");
        let debug = settings.value("DEBUG");
        let secret = settings.value("SECRET_KEY");
        let secret_name = settings.get("SECRET_KEY").and_then(|setting| setting.reads.last());
        Self {
            application: detected.application().map_or_else(|| application(folder), str::to_owned),
            settings: module.to_owned(),
            database,
            static_files,
            overlay: if no_overlay.is_none() { "true" } else { "false" },
            no_overlay,
            celery: detected.celery.clone().unwrap_or_default(),
            wsgi: detected.wsgi.clone().unwrap_or_else(|| own_wsgi.clone()),
            asgi: detected.asgi.clone().unwrap_or_else(|| own_wsgi.replace(".wsgi:", ".asgi:")),
            has_wsgi: detected.wsgi.is_some(),
            manage: detected.manage.clone(),
            static_url: static_url(&settings),
            static_root: static_root.clone(),
            has_environment: detected.has_environment,
            exclude: excluded(tree),
            given: property_names(&detected.customizations),
            // A text is true, whatever it says.
            set_debug: !matches!(debug.by_default(), Value::Bool(false) | Value::Missing),
            set_secret: matches!(secret.by_default(), Value::Text(_) | Value::Random | Value::None),
            secret_name: secret_name.map_or("SECRET_KEY", String::as_str).to_owned(),
            offer_secret: settings.get("SECRET_KEY").is_none() || *secret.by_default() == Value::Missing,
            // The proxy maps folders of the bundle only.
            set_static_root: *settings.value("STATIC_ROOT").by_default() == Value::Missing
                || (static_root.is_empty() && static_files != "elsewhere"),
            any_host: hosts.by_default().items().iter().any(|host| host.text() == Some("*")),
            has_hosts: matches!(hosts.by_default(), Value::List(_)),
            keep_engine,
            mysqlclient: detected.packages.has("mysqlclient"),
            required: settings.variables.clone(),
            unread: MATTER.iter().filter(|name| is_unread(settings.value(name))).copied().collect(),
            asgi_named: settings.value("ASGI_APPLICATION").by_default().text().is_some(),
            sqlite_unless: sqlite_unless(&settings),
            compress: *settings.value("COMPRESS_OFFLINE").by_default() == Value::Bool(true)
                && detected.packages.has("django-compressor"),
            memory_unless: desk::memory_unless(&settings),
            database_reads: settings.get("DATABASES").map(|setting| setting.reads.clone()).unwrap_or_default(),
            refusals: settings
                .files
                .iter()
                .flat_map(|path| desk::refusals(path, tree.text(path).unwrap_or_default()))
                .collect(),
            static_at_home: settings
                .value("STATIC_URL")
                .by_default()
                .text()
                .filter(|url| desk::is_at_home(url))
                .map(str::to_owned),
            built_static: !static_root.is_empty() && tree.is_dir(&static_root),
            sync_only: detected.packages.django().is_some_and(|django| django < Version { major: 4, minor: 2 }),
            root,
            package,
        }
    }
}

/// The folder's name as an application may be called.
fn application(folder: &str) -> String {
    let kept: String =
        folder.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let kept = kept.trim_matches(['-', '.', '_']).to_owned();
    if kept.is_empty() { "site".to_owned() } else { kept }
}

/// A name that the project has not taken, or the one that was taken for this before.
fn package(tree: &Tree, root: &str) -> String {
    const NAMES: [&str; 3] = ["deployment", "eb_deployment", "beanstalk_deployment"];
    let free = |name: &&str| {
        let ours =
            tree.text(&format!("{root}{name}/health.py")).is_some_and(|text| text.contains("class HealthMiddleware"));
        ours || !(tree.is_dir(&format!("{root}{name}")) || tree.is_file(&format!("{root}{name}.py")))
    };
    (*NAMES.iter().find(|name| free(name)).unwrap_or(&NAMES[2])).to_owned()
}

/// Why a settings module on top would not work.
fn no_overlay(detected: &Detected, settings: &Settings, module: &str) -> Option<String> {
    if detected.configurations {
        return Some(
            "the settings are classes of django-configurations, which no other module can take over".to_owned(),
        );
    }
    if let Some(django) = detected.packages.django().filter(|django| *django < Version { major: 2, minor: 2 }) {
        return Some(format!("the health check that comes with it needs Django 2.2, and this is {django}"));
    }
    let missing = ["INSTALLED_APPS", "MIDDLEWARE"]
        .into_iter()
        .find(|name| *settings.value(name).by_default() == Value::Missing)?;
    Some(format!("`{module}` does not set `{missing}` in a way that can be read, and the module on top adds to it"))
}

/// Where the data live, and whether the engine is one of its own kind.
fn database(settings: &Settings) -> (&'static str, bool) {
    if sqlite_unless(settings) {
        return ("own", false);
    }
    let default = settings.value("DATABASES").get("default");
    let Some(engine) = default.get("ENGINE").text() else { return ("own", false) };
    let told = ["NAME", "HOST", "USER", "PASSWORD"]
        .iter()
        .any(|key| matches!(default.get(key), Value::Environment { .. } | Value::Unknown));
    if engine.ends_with("sqlite3") {
        return if told && matches!(default.get("NAME"), Value::Environment { .. }) {
            ("own", false)
        } else {
            ("sqlite", false)
        };
    }
    if told {
        return ("own", false);
    }
    match engine {
        "django.db.backends.postgresql" | "django.db.backends.postgresql_psycopg2" => ("postgresql", false),
        "django.db.backends.mysql" => ("mysql", false),
        _ if engine.contains("postgis") || engine.contains("postgresql") => ("postgresql", true),
        _ if engine.contains("mysql") => ("mysql", true),
        _ => ("own", false),
    }
}

fn static_files(tree: &Tree, settings: &Settings) -> &'static str {
    let speaks = |word: &str| settings.files.iter().any(|path| tree.text(path).is_some_and(|text| text.contains(word)));
    let backend = settings.value("STORAGES").get("staticfiles").get("BACKEND").text();
    let backend =
        backend.or_else(|| settings.value("STATICFILES_STORAGE").text()).unwrap_or_default().to_ascii_lowercase();
    let remote = ["s3", "boto", "storages.backends", "gcloud", "azure"].iter().any(|word| backend.contains(word));
    let url = settings.value("STATIC_URL").text().unwrap_or_default();
    if remote || (url.contains("//") && !desk::is_at_home(url)) {
        "elsewhere"
    } else if speaks("whitenoise.middleware") || speaks("WhiteNoiseMiddleware") {
        "whitenoise"
    } else {
        "nginx"
    }
}

fn static_url(settings: &Settings) -> String {
    let url = settings.value("STATIC_URL").by_default().text().unwrap_or("static");
    let url = if desk::is_at_home(url) { url.splitn(4, '/').nth(3).unwrap_or_default() } else { url };
    let url = url.trim_matches('/');
    let plain = !url.is_empty() && url.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    if plain { url.to_owned() } else { "static".to_owned() }
}

/// Environment files and databases: the packager refuses a bundle with them.
pub(crate) fn excluded(tree: &Tree) -> Vec<String> {
    let environment = |name: &str| name == ".env" || name.starts_with(".env.");
    let database =
        |name: &str| [".sqlite3", ".sqlite", ".sqlite3-wal", ".sqlite3-shm"].iter().any(|end| name.ends_with(end));
    let paths = tree.iter().filter(|(path, _)| tree.is_file(path)).map(|(path, _)| path);
    let found = paths.filter(|path| environment(file_name(path)) || database(file_name(path)));
    found.take(50).map(|path| format!("/{path}")).collect()
}

/// Is nothing known of it, not even what it is by default?
fn is_unread(value: &Value) -> bool {
    match value {
        Value::Unknown => true,
        Value::Environment { default: Some(default) } => **default == Value::Unknown,
        _ => false,
    }
}

/// Is the database a file in the bundle until a variable names another?
fn sqlite_unless(settings: &Settings) -> bool {
    let all = settings.value("DATABASES");
    let default = all.by_default().get("default");
    let (engine, name) = (default.by_default().get("ENGINE"), default.by_default().get("NAME"));
    let decided = [all, default, engine, name].iter().all(|value| !matches!(value, Value::Environment { .. }));
    !decided
        && name.by_default().is_replaced_file()
        && engine.by_default().text().is_some_and(|engine| engine.ends_with("sqlite3"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(settings: &str) -> Context {
        let tree = Tree::default()
            .file(
                "manage.py",
                "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nexecute_from_command_line()\n",
            )
            .file("shop/settings.py", format!("INSTALLED_APPS = ['a']\nMIDDLEWARE = ['b']\n{settings}"));
        Context::of(&tree, &Detected::of(&tree, ""), "shop.settings", "My Shop")
    }

    #[test]
    fn databases() {
        #[track_caller]
        fn case(value: &str, expected: (&str, bool)) {
            let context = context(&format!("DATABASES = {{'default': {value}}}\n"));
            assert_eq!((context.database, context.keep_engine), expected, "{value}");
        }
        case("{'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}", ("sqlite", false));
        case("{'ENGINE': 'django.db.backends.postgresql', 'NAME': 'shop'}", ("postgresql", false));
        case("{'ENGINE': 'django.contrib.gis.db.backends.postgis', 'NAME': 'shop'}", ("postgresql", true));
        case("{'ENGINE': 'django.db.backends.postgresql', 'HOST': os.environ['DB']}", ("own", false));
        case("{'ENGINE': 'django.db.backends.mysql', 'NAME': 'shop'}", ("mysql", false));
        case("dj_database_url.config()", ("own", false));
        case("env.db()", ("own", false));
    }

    #[test]
    fn what_production_needs() {
        let plain = context("DEBUG = True\nSECRET_KEY = 'abc'\nALLOWED_HOSTS = []\n");
        assert!(plain.set_debug && plain.set_secret && plain.set_static_root && plain.has_hosts && !plain.any_host);
        assert_eq!((plain.application.as_str(), plain.static_files, plain.overlay), ("My-Shop", "nginx", "true"));
        let ready = context(
            "import os\nDEBUG = False\nSECRET_KEY = os.environ['SECRET_KEY']\nALLOWED_HOSTS = ['*']\nSTATIC_ROOT = '/x'\nSTATIC_URL = 'https://cdn.example.com/'\nX = config('TOKEN', cast=str)\nif 'ES' in os.environ:\n    Z = os.environ['ES']\nY = env('HOST', default='x')\n",
        );
        assert!(!ready.set_debug && !ready.set_secret && !ready.set_static_root && ready.any_host);
        assert_eq!(ready.static_files, "elsewhere");
        let required: Vec<&str> =
            ready.required.iter().filter(|one| one.when.is_none()).map(|one| one.name.as_str()).collect();
        assert_eq!(required, ["SECRET_KEY", "TOKEN"]);
    }

    #[test]
    fn what_a_variable_decides() {
        let desk = context(
            "import os\nSECRET_KEY = os.environ.get('APP_KEY', 'dev')\nDEBUG = os.environ.get('DEBUG', 'True') == 'True'\nif not DEBUG:\n    STATIC_ROOT = '/x'\n\
             DATABASES = {'default': dj_database_url.config(default='sqlite:///db.sqlite3')}\nALLOWED_HOSTS = load()\n",
        );
        assert!(desk.set_debug && desk.set_secret && desk.set_static_root && desk.sqlite_unless && !desk.offer_secret);
        assert_eq!(
            (desk.secret_name.as_str(), desk.database, desk.unread.as_slice()),
            ("APP_KEY", "own", &["ALLOWED_HOSTS"][..])
        );
        let ready = context("DEBUG = env.bool('DEBUG', default=False)\nSECRET_KEY = os.environ['KEY']\n");
        assert!(!ready.set_debug && !ready.set_secret);
        assert!(context("SECRET_KEY = os.getenv('SECRET_KEY')\n").set_secret);
    }

    #[test]
    fn what_holds_only_at_home_is_told() {
        let memory = context(
            "import os, dj_database_url\nURL = os.environ.get('DATABASE_URL', 'sqlite://:memory:')\nDATABASES = {'default': dj_database_url.parse(URL)}\n",
        );
        assert!(memory.memory_unless && !memory.sqlite_unless);
        // No variable changes that.
        let always = context("DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}\n");
        assert!(!always.memory_unless);
        let home = context("STATIC_URL = 'http://localhost:8000/static/'\nSTATIC_ROOT = BASE_DIR / 'x'\n");
        assert_eq!(
            (home.static_files, home.static_url.as_str(), home.static_at_home.is_some()),
            ("nginx", "static", true)
        );
        let refuses = context(
            "import os\nif not os.getenv('DB'):\n    raise ValueError(\n        'You must set DB.'\n    )\ndef x():\n    raise ValueError('not here')\ntry:\n    y()\nexcept E as e:\n    raise e from e\nz = w['Text']\nif a:\n    raise e from e\nz = w['Text']\n",
        );
        assert!(!refuses.compress);
        assert_eq!(refuses.refusals.iter().map(|one| one.says.as_str()).collect::<Vec<_>>(), ["You must set DB."]);
    }

    #[test]
    fn where_nothing_can_go_on_top() {
        let tree =
            Tree::default().file("manage.py", "DJANGO_CONFIGURATION execute_from_command_line").file("s.py", "X = 1\n");
        let detected = Detected::of(&tree, "");
        assert!(Context::of(&tree, &detected, "s", "x").no_overlay.is_some());
        let context = Context::of(
            &Tree::default().file("manage.py", "").file("s.py", "X = 1\n"),
            &Detected::of(&Tree::default(), ""),
            "s",
            "x",
        );
        assert!(context.no_overlay.unwrap().contains("INSTALLED_APPS"));
    }

    #[test]
    fn a_taken_name_is_left_alone() {
        let tree = Tree::default().file("deployment/models.py", "");
        assert_eq!(package(&tree, ""), "eb_deployment");
        let ours = Tree::default().file("deployment/health.py", "class HealthMiddleware:");
        assert_eq!(package(&ours, ""), "deployment");
    }
}
