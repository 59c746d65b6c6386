//! Settings that nobody names for sure: what is true of all that may be meant, and what of one.

use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};
use crate::level::Level;

const APPS: &str = "INSTALLED_APPS = []\nROOT_URLCONF = 'a.urls'\n";
const MANAGE: (&str, &str) = ("manage.py", "from django.core.management import execute_from_command_line\n");
const OPTIONS: &str = "option_settings:\n  aws:elasticbeanstalk:container:python:\n    WSGIPath: a.wsgi:application\n";

/// What is said of these rules, with its level, in a project that serves `a.wsgi`, where that names this module.
#[track_caller]
fn said(module: &str, files: &[(&str, &str)], rules: &[&str]) -> Vec<(Level, &'static str, String)> {
    let wsgi = format!("os.environ.setdefault('DJANGO_SETTINGS_MODULE', '{module}')\n");
    let base = [("a/wsgi.py", wsgi.as_str()), (".ebextensions/a.config", OPTIONS), MANAGE];
    let with = |tree: Tree, (path, text): &(&str, &str)| tree.file(path, *text);
    let tree = base[usize::from(module.is_empty())..].iter().chain(files).fold(Tree::default(), with);
    let found = run(&tree, &Settings::default()).findings.into_iter();
    found.filter(|one| rules.contains(&one.rule)).map(|one| (one.level, one.rule, one.message)).collect()
}

#[test]
fn what_is_true_of_all_settings_is_said_as_it_is() {
    let base = format!("{APPS}DEBUG = True\n");
    let files = [
        ("a/settings/base.py", base.as_str()),
        ("a/settings/dev.py", "from .base import *\n"),
        ("a/settings/production.py", "from .base import *\n"),
    ];
    let found = said("a.settings.dev", &files, &["EB110", "EB111"]);
    let levels: Vec<_> = found.iter().map(|(level, rule, _)| (*level, *rule)).collect();
    assert_eq!(levels, [(Level::Error, "EB110"), (Level::Warning, "EB111")], "{found:?}");
    assert!(found[0].2.starts_with("every error shows"), "{found:?}");
    assert!(found[1].2.starts_with("unless `DJANGO_SETTINGS_MODULE` is set"), "{found:?}");
}

#[test]
fn what_is_true_of_some_has_its_condition() {
    let files = |production: &'static str| {
        [
            ("a/settings/base.py", APPS),
            ("a/settings/dev.py", "from .base import *\nDEBUG = True\n"),
            ("a/settings/production.py", production),
        ]
    };
    // Development's own are not production's, and they run as things are.
    let own = "unless `DJANGO_SETTINGS_MODULE` names `a.settings.production`: every error shows settings and source code to whoever caused it";
    let own = (Level::Warning, "EB110", own.to_owned());
    assert_eq!(said("a.settings.dev", &files("from .base import *\n"), &["EB110"]), std::slice::from_ref(&own));
    let found = said("a.settings.dev", &files("from .base import *\nDEBUG = True\n"), &["EB110"]);
    let message = "with `a.settings.production`: every error shows settings and source code to whoever caused it";
    assert_eq!(found, [own, (Level::Warning, "EB110", message.to_owned())]);
}

#[test]
fn what_runs_as_things_are_is_judged() {
    let dev = "from .base import *\nDEBUG = True\nSECRET_KEY = 'k2n9-7xq4-vp1m-8sd3'\nCELERY_BROKER_URL = 'redis://localhost'\nALLOWED_HOSTS = ['localhost']\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}}\nMEDIA_ROOT = 'media'\n";
    let production = "from .base import *\nDEBUG = False\n";
    let task = ("a/views.py", "def view(request):\n    task.delay()\n");
    let form = ("a/models.py", "models.FileField()\n");
    let files = [("a/settings/base.py", APPS), ("a/settings/dev.py", dev), ("a/settings/production.py", production)];
    let files = [&files[..], &[task, form]].concat();
    let rules = ["EB010", "EB080", "EB082", "EB110", "EB112", "EB149"];
    let condition = "unless `DJANGO_SETTINGS_MODULE` names `a.settings.production`: ";
    let own = |files: &[(&str, &str)]| {
        let found = said("a.settings.dev", files, &rules).into_iter();
        let own = found.filter(|(level, _, message)| {
            assert_ne!(*level, Level::Error, "{message}");
            message.starts_with(condition)
        });
        own.map(|(_, rule, _)| rule).collect::<Vec<_>>()
    };
    assert_eq!(own(&files), ["EB110", "EB112", "EB149", "EB010", "EB080", "EB082"]);
    // Where the server cannot start with them, somebody names others.
    let toolbar = format!("{dev}INSTALLED_APPS = INSTALLED_APPS + ['debug_toolbar']\n");
    let more = [("a/settings/dev.py", toolbar.as_str()), ("requirements.txt", "django\n")];
    assert_eq!(own(&[&files[..], &more].concat()), [""; 0]);
    // A property is the last word.
    let named = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    DJANGO_SETTINGS_MODULE: a.settings.production\n";
    assert_eq!(said("a.settings.dev", &[&files[..], &[(".ebextensions/b.config", named)]].concat(), &["EB110"]), []);
}

#[test]
fn settings_with_which_no_server_starts_are_not_advised() {
    let files = |apps: &str| {
        let production = format!("from .base import *\nDEBUG = False\nINSTALLED_APPS = INSTALLED_APPS + {apps}\n");
        [
            ("a/settings/base.py", APPS.to_owned()),
            ("a/settings/dev.py", "from .base import *\nDEBUG = True\n".to_owned()),
            ("a/settings/production.py", production),
            ("requirements.txt", "django\n".to_owned()),
            ("shop/__init__.py", String::new()),
            ("shop/cart/__init__.py", String::new()),
        ]
    };
    let of = |apps: &str| {
        let files = files(apps);
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        said("a.settings.dev", &files, &["EB110", "EB111", "EB169"])
    };
    let found = of("['corsheaders', 'shop.orders.apps.OrdersConfig', 'shop.cart']");
    let end = "no server starts with `a.settings.production` beside it: `corsheaders` and 1 more are not there";
    assert!(found.iter().any(|(_, rule, message)| *rule == "EB111" && message.ends_with(end)), "{found:?}");
    // What runs is said without a condition, and nothing of what does not.
    assert!(found.iter().any(|(level, rule, _)| (*level, *rule) == (Level::Error, "EB110")), "{found:?}");
    assert!(!found.iter().any(|(_, rule, _)| *rule == "EB169"), "{found:?}");
    let found = of("['shop.cart']");
    assert!(
        found.iter().any(|(_, _, message)| message.starts_with("unless `DJANGO_SETTINGS_MODULE` is set")),
        "{found:?}"
    );
}

#[test]
fn production_beside_the_usual_settings() {
    let debug = format!("{APPS}DEBUG = True\n");
    for (module, path) in
        [("a.settings_prod", "a/settings_prod.py"), ("a.production_settings", "a/production_settings.py")]
    {
        let files = [("a/settings.py", debug.as_str()), (path, "from .settings import *\nDEBUG = False\n")];
        let found = said("a.settings", &files, &["EB110", "EB111"]);
        let message = format!("unless `DJANGO_SETTINGS_MODULE` names `{module}`: every error shows");
        assert!(found[0].0 == Level::Warning && found[0].2.starts_with(&message), "{found:?}");
        assert_eq!((found[1].0, found[1].1), (Level::Note, "EB111"), "{found:?}");
    }
    let package = [
        ("a/settings/__init__.py", debug.as_str()),
        ("a/settings/production.py", "from a.settings import *\nDEBUG = False\n"),
    ];
    assert_eq!(said("a.settings", &package, &["EB111"]).len(), 1);
    let level = |files: &[(&str, &str)]| {
        let found = said("a.settings", files, &["EB110", "EB111"]);
        found.iter().map(|(level, rule, _)| (*level, *rule)).collect::<Vec<_>>()
    };
    let sure = [(Level::Error, "EB110")];
    // A part of settings is none.
    assert_eq!(level(&[("a/settings/__init__.py", &debug), ("a/settings/prod.py", "DEBUG = False\n")]), sure);
    // What a condition takes in belongs to the settings that do.
    let takes = format!("{debug}if unknown():\n    from .settings_prod import *\n");
    let taken = level(&[("a/settings.py", &takes), ("a/settings_prod.py", APPS)]);
    assert!(!taken.iter().any(|(_, rule)| *rule == "EB111"), "{taken:?}");
    let named =
        "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    DJANGO_SETTINGS_MODULE: a.settings\n";
    let told = [("a/settings.py", debug.as_str()), ("a/settings_prod.py", APPS), (".ebextensions/b.config", named)];
    assert_eq!(level(&told), sure);
}

#[test]
fn settings_that_nobody_names() {
    let debug = format!("{APPS}DEBUG = True\n");
    assert_eq!(said("", &[("a/settings.py", &debug)], &["EB110"]).len(), 1);
    // Two sites: which of them is served, nobody says.
    assert_eq!(said("", &[("a/settings.py", &debug), ("b/settings.py", &debug)], &["EB110"]), []);
    assert_eq!(said("", &[("a/config.py", &debug)], &["EB110"]), []);
    let package = [
        ("a/settings/base.py", APPS),
        ("a/settings/dev.py", "from .base import *\n"),
        ("a/settings/prod.py", "from .base import *\nDEBUG = True\n"),
    ];
    let found = said("", &package, &["EB110"]);
    assert!(found.len() == 1 && found[0].2.starts_with("with `a.settings.prod`: "), "{found:?}");
}
