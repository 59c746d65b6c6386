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
    // The condition decides nothing.
    case("DEBUG = True\nif os.path.isfile(x()):\n    DEBUG = True", Value::Bool(true));
    case("DEBUG = True\nif os.path.isfile(x()):\n    DEBUG = False", Value::Unknown);
    case("DEBUG = True\nif 'DEV' in os.environ:\n    DEBUG = True", Value::Bool(true));
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
fn an_address_that_a_variable_may_have() {
    let sqlite = "DATABASES = {'default': {'ENGINE': 'sqlite3', 'NAME': 'db'}}\n";
    for rest in [
        "DATABASES['default'].update(dj_database_url.config(conn_max_age=500))\n",
        "db = dj_database_url.config()\nDATABASES['default'].update(db)\nDATABASES['default']['CONN_MAX_AGE'] = 500\n",
        "from dj_database_url import config as url\nDATABASES['default'].update(url(conn_max_age=500))\n",
        "import dj_database_url as dj\nDATABASES.update({'default': dj.config(default='sqlite:///db')})\n",
        "from dj_database_url import parse as db_url\nDATABASES['default'] = config('DATABASE_URL', 'sqlite:///db', cast=db_url)\n",
        "db = dj_database_url.config()\nif db:\n    DATABASES['default'] = db\n",
    ] {
        let settings = read(&format!("{sqlite}{rest}"));
        let setting = settings.get("DATABASES").unwrap();
        let database = setting.value.by_default().get("default").by_default();
        assert!(database.get("ENGINE").text().is_some_and(|engine| engine.ends_with("sqlite3")), "{rest}{setting:?}");
        let depends = |value: &Value| matches!(value, Value::Environment { .. });
        assert!(depends(&setting.value) || depends(setting.value.get("default")), "{rest}{setting:?}");
    }
    let settings = read("DATABASES = {'default': {}}\nDATABASES['default'].update(env.db())\n");
    assert_eq!(settings.value("DATABASES").get("default"), &Value::Environment { default: None });
    let settings = read("A = {'b': {'c': 1}}\nA['b'].update(x)\nA['d'] = 2\n");
    assert_eq!((settings.value("A").get("b"), settings.value("A").get("d")), (&Value::Unknown, &Value::Int(2)));
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

/// What `X` is, where `A` is set to `1` and no other variable.
fn worth(code: &str) -> Value {
    let before = "BASE_DIR = Path(__file__).resolve().parent.parent\nenv = environ.Env()\n";
    with(&format!("{before}X = {code}\n"), &[("A", "1")]).value("X").clone()
}

#[track_caller]
fn comes_to(code: &str, expected: Value) {
    assert_eq!(worth(code), expected, "{code}");
}

fn list(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| text(item)).collect())
}

#[test]
fn what_is_true_for_python() {
    for code in ["True", "3", "-1", "'a'", "[1]", "{'a': 1}", "BASE_DIR", "get_random_secret_key()"] {
        comes_to(&format!("'yes' if {code} else 'no'"), text("yes"));
        comes_to(&format!("not {code}"), Value::Bool(false));
    }
    for code in ["False", "0", "''", "[]", "{}", "None"] {
        comes_to(&format!("'yes' if {code} else 'no'"), text("no"));
        comes_to(&format!("not {code}"), Value::Bool(true));
    }
    for code in ["unknown", "1.5", "9223372036854775808", "not unknown", "~1", "-'a'"] {
        comes_to(&format!("'yes' if {code} else 'no'"), Value::Unknown);
    }
    comes_to("-3", Value::Int(-3));
    comes_to("'yes' if os.environ.get('B', 'b') else 'no'", unless(text("yes")));
    comes_to("'yes' if os.environ.get('B', '') else 'no'", unless(text("no")));
    comes_to("'yes' if os.environ['B'] else 'no'", Value::Unknown);
    comes_to("'yes' if os.environ['A'] else 'no'", text("yes"));
}

#[test]
fn comparisons() {
    for code in [
        "1 == 1",
        "1 != 2",
        "None is None",
        "'a' is not None",
        "[1, 'a'] == [1, 'a']",
        "'b' in 'abc'",
        "'x' not in 'abc'",
        "'x' in ['a', 'x']",
        "'x' in ('x', 'x')",
        "'x' not in ['a']",
        "'k' in {'k': 1}",
        "'j' not in {'k': 1}",
        "'A' in os.environ",
        "'x' not in sys.argv",
    ] {
        comes_to(code, Value::Bool(true));
        comes_to(&format!("not ({code})"), Value::Bool(false));
    }
    for code in [
        "1 == unknown",
        "unknown != 1",
        "'x' in unknown",
        "'x' in ['x', unknown]",
        "'k' in {unknown: 1}",
        "1 in 'abc'",
        "1 < 2",
        "1 == 1 == 1",
        "unknown in os.environ",
    ] {
        comes_to(code, Value::Unknown);
    }
    comes_to("'A' not in os.environ", Value::Bool(false));
    comes_to("'B' in os.environ", unless(Value::Bool(false)));
    comes_to("'B' not in os.environ", unless(Value::Bool(true)));
    comes_to("'x' in sys.argv", Value::Bool(false));
}

#[test]
fn the_first_that_decides() {
    comes_to("'' or 'b' or unknown", text("b"));
    comes_to("'' or 0", Value::Int(0));
    comes_to("'a' and 'b'", text("b"));
    comes_to("'' and unknown", text(""));
    comes_to("unknown or 'b'", Value::Unknown);
    comes_to("'a' and unknown", Value::Unknown);
    comes_to("os.environ['B'] or 'b'", Value::Environment { default: None });
    comes_to("os.environ.get('B', '') or 'b'", unless(text("b")));
    comes_to("os.environ.get('B', 'a') and 'b'", unless(text("b")));
    comes_to("os.environ.get('B', 'a') or unknown", unless(text("a")));
    comes_to("os.environ['A'] or 'b'", text("1"));
}

#[test]
fn methods_of_texts_and_collections() {
    comes_to("'Ab'.lower() + 'Ab'.casefold() + 'Ab'.upper()", text("ababAB"));
    comes_to("'hELLO world'.capitalize()", text("Hello world"));
    comes_to("'hELLO w0rld'.title()", text("Hello W0Rld"));
    comes_to("' a '.strip()", text("a"));
    comes_to("' a '.lstrip() + ' b '.rstrip()", text("a  b"));
    for code in ["'xax'.strip('x')", "'xax'.lstrip('x')", "'xax'.rstrip('x')"] {
        comes_to(code, Value::Unknown);
    }
    comes_to("'a  b'.split()", list(&["a", "b"]));
    comes_to("'a,b'.split(',')", list(&["a", "b"]));
    comes_to("'ab'.split('')", Value::Unknown);
    comes_to("'ab'.split(unknown)", Value::Unknown);
    comes_to("'abc'.startswith('ab')", Value::Bool(true));
    comes_to("'abc'.endswith('ab')", Value::Bool(false));
    comes_to("'abc'.endswith(unknown)", Value::Unknown);
    comes_to("{'a': 'x'}.get('a')", text("x"));
    comes_to("{'a': 'x'}.get('b')", Value::None);
    comes_to("{'a': 'x'}.get('b', 'y')", text("y"));
    comes_to("{unknown: 'x'}.get('b', 'y')", Value::Unknown);
    comes_to("{'a': 'x'}.get(unknown, 'y')", Value::Unknown);
    comes_to("['a'].copy()", list(&["a"]));
    comes_to("{'a': 'x'}.copy()['a']", text("x"));
    comes_to("'a'.copy()", Value::Unknown);
    comes_to("os.environ.get('B', 'Ab').lower()", unless(text("ab")));
}

#[test]
fn switches_as_packages_read_them() {
    #[track_caller]
    fn case(default: &str, expected: Value) {
        comes_to(&format!("config('B', default={default}, cast=bool)"), unless(expected));
    }
    for word in ["'True'", "' on '", "'1'", "'y'", "1", "True"] {
        case(word, Value::Bool(true));
    }
    for word in ["'False'", "'off'", "'0'", "''", "0", "None", "False"] {
        case(word, Value::Bool(false));
    }
    case("'maybe'", Value::Unknown);
    case("[1]", Value::Unknown);
}

#[test]
fn collections_and_what_is_in_them() {
    let path = |path: &str| Value::Path(path.to_owned());
    comes_to("{'a': 'x'}['a']", text("x"));
    comes_to("{'a': 'x'}['b']", Value::Unknown);
    comes_to("{'a': 'x'}[unknown]", Value::Unknown);
    comes_to("['x'][0]", Value::Unknown);
    comes_to("{**{'a': 'x'}, 'b': 'y'}['a']", text("x"));
    comes_to("({'a': 'x'} | {'a': 'y'})['a']", text("y"));
    comes_to("['a'] + ('b',) + [*('c',), 'd']", list(&["a", "b", "c", "d"]));
    comes_to("[*unknown, 'd']", Value::Unknown);
    comes_to("[*env.list('B', default=['c']), 'd']", unless(list(&["c", "d"])));
    comes_to("[*os.environ.get('B', 'c'), 'd']", Value::Unknown);
    comes_to("os.environ['A']", text("1"));
    comes_to("os.environ[unknown]", Value::Environment { default: None });
    comes_to("sys.platform + os.name", text("linuxposix"));
    comes_to("f'a{1}' 'b' f'{\"c\"}'", text("a1bc"));
    comes_to("f'{1:>3}'", Value::Unknown);
    comes_to("10 * 1024 * 1024 - 1", Value::Int(10_485_759));
    comes_to("2 ** 20 + (1 << 3)", Value::Int(1_048_584));
    comes_to("2 ** 64", Value::Unknown);
    comes_to("BASE_DIR / 'a/' / 'b'", path("a/b"));
    comes_to("(BASE_DIR / 'a' / 'b').parent", path("a"));
    comes_to("(BASE_DIR / 'a').parent", path(""));
    // It is no part of the bundle.
    comes_to("BASE_DIR.parent", Value::Unknown);
    for code in ["Path(__file__).parents[1]", "os.path.dirname(os.path.dirname(__file__))"] {
        comes_to(code, path(""));
    }
    comes_to("os.path.dirname(BASE_DIR)", Value::Unknown);
    comes_to("os.path.dirname(os.path.abspath(os.path.join(BASE_DIR, 'a', 'b')))", path("a"));
    // Exactly, since the file is known, and so is what is in a folder of the project's.
    for code in
        ["Path(__file__).parent", "os.path.dirname(os.path.abspath(__file__))", "Path(__file__).resolve().parents[0]"]
    {
        comes_to(code, path("shop"));
    }
    comes_to("os.path.join(os.path.dirname(__file__), 'static')", path("shop/static"));
    comes_to("os.path.dirname(os.path.dirname(__file__))", path(""));
    comes_to("Path(__file__).name", Value::Unknown);
    let default = |value: Value| Value::Environment { default: Some(Box::new(value)) };
    comes_to("values.PathValue(os.path.join(BASE_DIR, 'a'), environ_prefix='X')", default(path("a")));
    comes_to("values.SecretValue()", Value::Environment { default: None });
    comes_to("values.DatabaseURLValue('sqlite:///db.sqlite3')", Value::Unknown);
    comes_to("BASE_DIR / '/data'", text("/data"));
    comes_to("str(BASE_DIR / 'a') + '/b'", path("a/b"));
    comes_to("str(BASE_DIR / 'a') + 'b'", Value::Unknown);
    comes_to("'' + str(BASE_DIR / 'a')", path("a"));
    comes_to("'sqlite:///' + str(BASE_DIR / 'a')", text("sqlite:///a"));
    comes_to("'file://' + str(BASE_DIR / 'a')", Value::Unknown);
}

#[test]
fn folders_that_are_counted_from_others() {
    let of = |file: &str, code: &str| {
        let tree = Tree::default().file(file, code);
        Settings::of_file(&tree, file, BTreeMap::new()).expect("it can be read").value("X").clone()
    };
    let package = "P = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))\nBASE = os.path.dirname(P)\n";
    let x = "X = os.path.join(BASE, 'db')\n";
    assert_eq!(of("a/settings/base.py", &format!("{package}{x}")), Value::Path("db".to_owned()));
    assert_eq!(of("a/settings.py", &format!("{package}{x}")), Value::Unknown);
    let newer = "P = Path(__file__).resolve().parents[1]\nBASE = os.path.dirname(str(P))\n";
    assert_eq!(of("a/settings/base.py", &format!("{newer}{x}")), Value::Path("db".to_owned()));
    assert_eq!(of("a/settings.py", &format!("{newer}{x}")), Value::Unknown);
    // What is in a folder of the project's is told from what lies at its top.
    let x = "X = [os.path.join(P, 'static'), os.path.join(BASE, 'static')]\n";
    let paths = ["a/static", "static"].map(|path| Value::Path(path.to_owned()));
    assert_eq!(of("a/settings/base.py", &format!("{package}{x}")), Value::List(paths.into()));
}

#[test]
fn a_class_sees_its_own_folders() {
    let code = "class Prod(Configuration):\n    BASE = os.path.dirname(os.path.dirname(__file__))\n    \
                X = values.Value(os.path.join(BASE, '..', 'collected'))\n";
    let tree = Tree::default().file("shop/settings.py", code);
    let settings = Settings::of_file(&tree, "shop/settings.py", BTreeMap::new()).expect("it can be read");
    let default = Value::Path("../collected".to_owned());
    assert_eq!(*settings.value("Prod.X"), Value::Environment { default: Some(Box::new(default)) });
}

#[test]
fn comprehensions() {
    comes_to("[x.upper() for x in ['a', 'b', ''] if x]", list(&["A", "B"]));
    comes_to("list(x for x in ['a', 'b', 'c'] if x != 'a' if x != 'b')", list(&["c"]));
    comes_to("[x for x in env.list('B', default=['b'])]", unless(list(&["b"])));
    for code in [
        "[x for x in 'ab']",
        "[x for x in unknown]",
        "[x for x in ['a'] if unknown]",
        "[x for x in ['a'] for y in ['b']]",
        "[x for x, y in [['a', 'b']]]",
    ] {
        comes_to(code, Value::Unknown);
    }
    let many = |count: usize| format!("[x for x in [{}]]", "'a', ".repeat(count));
    assert_eq!(worth(&many(500)).items().len(), 500);
    comes_to(&many(501), Value::Unknown);
    let nested = |levels: usize| format!("{}'a'{}", "[".repeat(levels), " for x in ['b']]".repeat(levels));
    assert!(worth(&nested(5)).is_known());
    assert!(!worth(&nested(6)).is_known());
}

#[test]
fn nothing_is_followed_without_end() {
    let functions = "def a(x):\n    return x\ndef b(x):\n    return a(x)\ndef c(x):\n    return b(x)\ndef d(x):\n    return c(x)\n\
                     def e(x):\n    return d(x)\nX = d('x')\nY = e('x')";
    let settings = read(functions);
    assert_eq!((settings.value("X"), settings.value("Y")), (&text("x"), &Value::Unknown));
    // Ten thousand values twice, and no more.
    let settings = read(&format!("L = [{}]\nX = [L and 'a', L and 'b', L and 'c']", "1, ".repeat(9_999)));
    assert_eq!(settings.value("X").items(), [text("a"), text("b"), Value::Unknown]);
    let settings = read(&format!("L = [{}]\nX = [L and 'a', L and 'b', 1 and 'c']", "1, ".repeat(10_001)));
    assert_eq!(settings.value("X").items(), [text("a"), Value::Unknown, text("c")]);
    // Whatever is between, as many levels down as it takes.
    for (levels, before, after) in [
        (0, "", ""),
        (1, "[", "]"),
        (1, "(", ",)"),
        (1, "{", "}"),
        (1, "{'k': ", "}"),
        (1, "'' or ", ""),
        (1, "(", ") == 1"),
        (1, "1 == (", ")"),
        (1, "'a' if ", " else 'b'"),
        (2, "[*[", "]]"),
        (2, "f'{\"a\" if ", " else \"b\"}'"),
        (2, "'a' + ('b' if ", " else 'c')"),
        (2, "('a' if ", " else 'a') + 'b'"),
        (2, "{'a': 1}['a' if ", " else 'a']"),
        (3, "{'a' if ", " else 'a': 1}['a']"),
        (2, "os.environ['A' if ", " else 'A']"),
        (2, "('A' if ", " else 'A') in os.environ"),
        (1, "[", " for x in ['a']]"),
        (2, "[x for x in [", "]]"),
        (1, "[x for x in ['a'] if ", "]"),
    ] {
        let nested = |nots: usize| worth(&format!("{before}{}True{after}", "not ".repeat(nots)));
        let known = |value: Value| !format!("{value:?}").contains("Unknown") && !value.is_undecided();
        assert!(known(nested(40 - levels)), "{before}…{after}: {:?}", nested(40 - levels));
        assert!(!known(nested(41 - levels)), "{before}…{after}");
    }
}

#[test]
fn what_another_package_sets_is_known() {
    let settings = read(
        "BASE_DIR = 1\nMIDDLEWARE = ['a.B']\nSECRET_KEY = 'x'\nMEDIA_URL = '/m/'\nALLOWED_HOSTS = ['a.com']\ndjango_heroku.settings(locals(), secret_key=False)",
    );
    assert_eq!(settings.value("ALLOWED_HOSTS").items(), [text("*")]);
    assert_eq!(settings.value("MIDDLEWARE").items(), [text("whitenoise.middleware.WhiteNoiseMiddleware"), text("a.B")]);
    assert_eq!((settings.value("SECRET_KEY"), settings.value("MEDIA_URL")), (&text("x"), &text("/m/")));
    assert_eq!((settings.value("DATABASES"), settings.value("STATIC_URL")), (&Value::Unknown, &text("/static/")));
    let settings = read("ALLOWED_HOSTS = ['a.com']\ndjango_heroku.settings(locals(), allowed_hosts=False)");
    assert_eq!(settings.value("ALLOWED_HOSTS").items(), [text("a.com")]);
    let settings = read("ALLOWED_HOSTS = ['a.com']\nif X:\n    django_heroku.settings(locals())");
    assert_eq!(*settings.value("ALLOWED_HOSTS"), Value::Unknown);
    let settings = read("ALLOWED_HOSTS = ['a.com']\nother.settings(locals())");
    assert_eq!(*settings.value("ALLOWED_HOSTS"), Value::Unknown);
}
