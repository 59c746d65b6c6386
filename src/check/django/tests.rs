//! Settings as they are written, and what they come to where the instance has no variable but those of the files.

use std::collections::BTreeMap;

use super::{Settings, Value};
use crate::beanstalk::tree::Tree;

fn read(text: &str) -> Settings {
    with(text, &[])
}

fn with(text: &str, environment: &[(&str, &str)]) -> Settings {
    let tree = Tree::default().file("shop/settings.py", text).file("shop/base.py", "DEBUG = True\n");
    let environment: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::of(&tree, "", "shop.settings", environment).unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn unless(value: Value) -> Value {
    Value::Environment { default: Some(Box::new(value)) }
}

#[test]
fn switches() {
    #[track_caller]
    fn case(code: &str, expected: Value) {
        assert_eq!(*read(code).value("DEBUG"), expected, "{code}");
    }
    let on = || unless(Value::Bool(true));
    case("DEBUG = os.environ.get('DEBUG', 'True') == 'True'", on());
    case("DEBUG = os.getenv('DEBUG', 'yes').lower() in ('1', 'true', 'yes')", on());
    case("DEBUG = 'ON_HOST' not in os.environ", on());
    case(
        "def flag(name, default):\n    return os.getenv(name, default) == 'True'\nDEBUG = flag('DEBUG', 'True')",
        on(),
    );
    case("DEBUG = config('DEBUG', default='on', cast=bool)", on());
    case("env = environ.Env(DEBUG=(bool, False))\nDEBUG = env('DEBUG')", unless(Value::Bool(false)));
    case("DEBUG = env.bool('DEBUG', default=True)", on());
    case("DEBUG = env('DEBUG', True)", on());
    case("DEBUG = env('DEBUG', bool, True)", on());
    case("DEBUG = env('DEBUG', None)", unless(Value::None));
    case("DEBUG = config('DEBUG', True, bool)", on());
    case("DEBUG = not os.environ.get('PRODUCTION')", on());
    case("if 'PROD' in os.environ:\n    DEBUG = False\nelse:\n    DEBUG = True", on());
    case("DEBUG = True\nif os.environ.get('PROD'):\n    DEBUG = False", on());
    case("try:\n    DEBUG = os.environ['DEBUG']\nexcept KeyError:\n    DEBUG = True", on());
    case("DEBUG = True if 'runserver' in sys.argv else False", Value::Bool(false));
    case("try:\n    from .local import *\nexcept ImportError:\n    DEBUG = False", Value::Bool(false));
    case("try:\n    from .base import *\nexcept ImportError:\n    DEBUG = False", Value::Bool(true));
    case(
        "try:\n    DEBUG = os.environ['DEBUG']\nexcept KeyError:\n    raise Missing('DEBUG')",
        Value::Environment { default: None },
    );
    case("match x:\n    case 1:\n        DEBUG = True", Value::Unknown);
    case("DEBUG = load('settings.yaml')['debug']", Value::Unknown);
    case("DEBUG = os.environ['DEBUG'] == '1'", Value::Environment { default: None });
    // A text is true, whatever it says.
    case("DEBUG = os.environ.get('DEBUG', 'False')", unless(text("False")));
}

#[test]
fn properties_of_the_files_count() {
    let code = "if 'DATABASE_URL' in os.environ:\n    X = 1\nelse:\n    X = 2\nDEBUG = env.bool('DEBUG', default=True)";
    let settings = with(code, &[("DATABASE_URL", "postgres://db/x"), ("DEBUG", "off")]);
    assert_eq!((settings.value("X"), settings.value("DEBUG")), (&Value::Int(1), &Value::Bool(false)));
    let own = read("os.environ['PORT_NAME'] = '1'\nP = os.environ['PORT_NAME']");
    assert_eq!((own.value("P"), own.variables.len()), (&text("1"), 0));
}

#[test]
fn databases_and_lists() {
    let settings =
        read("DATABASES = {'default': dj_database_url.config(default='sqlite:///' + str(BASE_DIR / 'db.sqlite3'))}");
    assert_eq!(settings.value("DATABASES").get("default"), &unless(Value::Unknown), "`BASE_DIR` is not known");
    let base = "BASE_DIR = Path(__file__).resolve().parent.parent\n";
    let settings = read(&format!(
        "{base}DATABASES = {{'default': dj_database_url.config(default=f'sqlite:///{{BASE_DIR / \"db.sqlite3\"}}')}}"
    ));
    let default = settings.value("DATABASES").get("default").by_default();
    assert_eq!(default.get("NAME"), &Value::Path("db.sqlite3".to_owned()));
    let settings =
        read("DATABASES = {'default': {'ENGINE': 'x'}}\nDATABASES['default']['HOST'] = 'db'\nDATABASES['other'] = {}");
    assert_eq!(settings.value("DATABASES").get("default").get("HOST"), &text("db"));
    let settings = read(
        "APPS = ['a']\nAPPS += ['b']\nAPPS.append('c')\nAPPS.insert(0, 'z')\nif os.getenv('X'):\n    APPS += ['d']",
    );
    assert_eq!(settings.value("APPS").by_default().items(), [text("z"), text("a"), text("b"), text("c")]);
    let settings = read("HOSTS = [h.strip() for h in os.getenv('HOSTS', 'a, b').split(',') if h]");
    assert_eq!(settings.value("HOSTS").by_default().items(), [text("a"), text("b")]);
    assert_eq!(*read("A = {**B, 'X': 1}").value("A").get("Y"), Value::Unknown);
}

#[test]
fn a_variable_with_a_default_is_not_needed_whoever_reads_it() {
    #[track_caller]
    fn needs(code: &str, expected: &[&str]) {
        let settings = read(&format!("env = Env()\nOTHER = os.environ['OTHER']\nD = {code}\n"));
        let found: Vec<&str> = settings.variables.iter().map(|variable| variable.name.as_str()).skip(1).collect();
        assert_eq!(found, expected, "{code}");
    }
    for code in [
        "config('D', OTHER)",
        "config('D', default=OTHER)",
        "config('D', OTHER, bool)",
        "env('D', default=OTHER)",
        "env('D', str, OTHER)",
        "env('D', 'text')",
        "env.bool('D', OTHER)",
        "env.bool('D', default=False)",
        "env.list('D', default=[])",
        "os.environ.get('D')",
        "os.environ.get('D', OTHER)",
        "os.getenv('D', default=OTHER)",
        "dj_database_url.config(default=OTHER)",
    ] {
        needs(code, &[]);
    }
    for code in [
        "config('D')",
        "config('D', cast=bool)",
        "env('D')",
        "env('D', bool)",
        "env.bool('D')",
        "env.str('D', default=env.NOTSET)",
        "os.environ['D']",
    ] {
        needs(code, &["D"]);
    }
    let settings = read("DATABASES = {'default': dj_database_url.config()}\nHOSTS = config('HOSTS', 'a', Csv())");
    assert_eq!(settings.get("DATABASES").unwrap().reads, ["DATABASE_URL"]);
    assert_eq!(settings.value("HOSTS").by_default().items(), [text("a")]);
}

#[test]
fn variables_with_their_conditions() {
    let settings = read(
        "env = environ.Env(SENTRY=(str, ''))\nA = os.environ['A']\nB = env('B')\nC = env('C', default='c')\nD = env('D', default=A)\nS = env('SENTRY')\n\
         if os.environ.get('USE_S3') == '1':\n    K = os.environ['AWS_KEY']\nelse:\n    L = os.environ['LOCAL']\nconfig = configparser.ConfigParser()\n",
    );
    let found: Vec<(&str, Option<&str>)> =
        settings.variables.iter().map(|variable| (variable.name.as_str(), variable.when.as_deref())).collect();
    assert_eq!(
        found,
        [("A", None), ("B", None), ("AWS_KEY", Some("os.environ.get('USE_S3') == '1'")), ("LOCAL", None)]
    );
}
