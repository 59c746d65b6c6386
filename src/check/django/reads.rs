//! Reads: the environment variables that an expression asks for, and whether it can do without.

use std::collections::BTreeSet;
use std::ops::Range;

use ruff_python_ast::{Expr, ExprCall, InterpolatedStringElement};

use super::evaluation::Evaluation;
use super::expressions::{dotted, is_environ, is_getenv, keyword, range};
use super::operators::Truth;
use super::value::Value;

/// Functions that read the file which they are given, and raise where it is not there.
const READERS: [&str; 16] = [
    "Image.open",
    "credentials.Certificate",
    "firebase_admin.credentials.Certificate",
    "joblib.load",
    "keras.models.load_model",
    "load_model",
    "np.load",
    "numpy.load",
    "pandas.read_csv",
    "pd.read_csv",
    "pd.read_excel",
    "pd.read_json",
    "pd.read_pickle",
    "service_account.Credentials.from_service_account_file",
    "tf.keras.models.load_model",
    "torch.load",
];

impl Evaluation<'_> {
    /// Variables without which an expression raises: nothing gives them a value.
    pub(super) fn reads(&self, expression: &Expr) -> Vec<Read> {
        self.all_reads(expression).into_iter().filter(|read| read.needed).collect()
    }

    /// The names of all variables that an expression reads.
    pub(super) fn variables(&self, expression: &Expr) -> Vec<String> {
        self.all_reads(expression).into_iter().map(|read| read.name).collect()
    }

    /// The variables behind the names that an expression uses.
    pub(super) fn behind(&self, expression: &Expr) -> BTreeSet<String> {
        let name = |inner: &Expr| match inner {
            Expr::Name(name) => self.settings.get(name.id.as_str()),
            _ => None,
        };
        let used = self.inside(expression).into_iter().filter_map(name);
        used.flat_map(|setting| setting.reads.iter().chain(&setting.behind)).cloned().collect()
    }

    /// Files below the project's folder that an expression opens for reading, and where it names them.
    pub(super) fn opened(&self, expression: &Expr) -> Vec<(String, Range<usize>)> {
        let below = |value: Value| match value {
            Value::Path(path) | Value::Text(path) => {
                let plain = !path.is_empty() && !path.starts_with('/') && !path.contains("..") && !path.contains(':');
                plain.then(|| path.trim_start_matches("./").to_owned())
            }
            _ => None,
        };
        let file = |inner: &Expr| {
            let Expr::Call(call) = inner else { return None };
            let (file, mode) = match &*call.func {
                Expr::Attribute(method)
                    if !READERS.contains(&dotted(&call.func).as_str())
                        && matches!(method.attr.as_str(), "open" | "read_text" | "read_bytes") =>
                {
                    let path = self.evaluate(&method.value, 0);
                    // `io.open` and others are functions of a module.
                    match path {
                        Value::Path(_) => (&*method.value, call.arguments.args.first()),
                        _ => (call.arguments.args.first()?, call.arguments.args.get(1)),
                    }
                }
                func if READERS.contains(&dotted(func).as_str()) => (call.arguments.args.first()?, None),
                func if dotted(func) == "open" => (call.arguments.args.first()?, call.arguments.args.get(1)),
                _ => return None,
            };
            let mode = keyword(call, "mode").or(mode).map(|mode| self.evaluate(mode, 0));
            let reads = mode.is_none_or(|mode| mode.text().is_some_and(|mode| mode.starts_with('r')));
            Some((below(self.evaluate(file, 0)).filter(|_| reads)?, range(file)))
        };
        self.inside(expression).into_iter().filter_map(file).collect()
    }

    fn all_reads(&self, expression: &Expr) -> Vec<Read> {
        self.inside(expression).into_iter().filter_map(|inner| self.read(inner)).collect()
    }

    /// An expression, and all that is evaluated with it.
    fn inside<'e>(&self, expression: &'e Expr) -> Vec<&'e Expr> {
        let mut found = Vec::new();
        let mut left = vec![(expression, 0)];
        while let Some((expression, depth)) = left.pop() {
            if depth <= 40 {
                found.push(expression);
                left.extend(self.parts(expression).into_iter().map(|inner| (inner, depth + 1)));
            }
        }
        found
    }

    /// The variable that an expression itself asks for, if nothing here gives it a value.
    fn read(&self, expression: &Expr) -> Option<Read> {
        let (name, needed) = match expression {
            Expr::Subscript(subscript) if is_environ(&subscript.value) => match self.evaluate(&subscript.slice, 0) {
                Value::Text(name) => (name, true),
                _ => return None,
            },
            Expr::Call(call) => {
                let lookup = self.lookup(call, 0)?;
                let needed = lookup.raises && matches!(lookup.default, Fallback::None);
                (lookup.name?, needed)
            }
            _ => return None,
        };
        let environ = matches!(expression, Expr::Subscript(_));
        let set = self.settings.environment.contains_key(&name);
        (!set).then(|| Read { name, span: range(expression), environ, needed })
    }

    /// The variable that a call asks for, and all that its arguments say of it.
    ///
    /// `os.environ.get` and `os.getenv`, `env("X", …)` and `env.bool("X", …)` of django-environ and environs, `config("X", …)` of
    /// decouple, and `dj_database_url.config()`.
    pub(super) fn lookup<'c>(&self, call: &'c ExprCall, depth: usize) -> Option<Lookup<'c>> {
        let name = self.settings.address(dotted(&call.func));
        let argument = |index: usize| call.arguments.args.get(index);
        let text = |expression: &Expr| match self.evaluate(expression, depth + 1) {
            Value::Text(text) => Some(text),
            _ => None,
        };
        let given =
            |index: usize| keyword(call, "default").or_else(|| argument(index)).filter(|default| !is_unset(default));
        if is_getenv(&name) || self.settings.getters.contains(&name) {
            let default = given(1).map_or(Fallback::Implied(Value::None), Fallback::Given);
            return Some(Lookup { name: text(argument(0)?), default, cast: Cast::None, raises: false });
        }
        if name == "dj_database_url.config" {
            let name = keyword(call, "env").map_or(Some("DATABASE_URL".to_owned()), text);
            // What it makes without an address is empty, and stops nobody before the database is asked.
            let default = given(0).map_or(Fallback::Implied(Value::Dict(Vec::new())), Fallback::Given);
            return Some(Lookup { name, default, cast: Cast::Database, raises: false });
        }
        let how = self.reader(&name)?;
        let database = matches!(how, "db" | "db_url" | "dj_db_url");
        let cache = matches!(how, "cache" | "cache_url" | "dj_cache_url");
        let asked = match argument(0) {
            Some(asked) => text(asked),
            None if cache => Some("CACHE_URL".to_owned()),
            None => database.then(|| "DATABASE_URL".to_owned()),
        };
        // django-environ has a type in the second place, environs and decouple a default.
        let typed = how.is_empty()
            && !name.ends_with("config")
            && argument(1).is_some_and(|second| self.is_type(second, depth));
        let default = match given(if typed { 2 } else { 1 }) {
            Some(default) => Fallback::Given(default),
            None => {
                let scheme = asked.as_ref().and_then(|name| self.settings.schemes.get(name));
                scheme.cloned().map_or(Fallback::None, Fallback::Implied)
            }
        };
        let last = name.ends_with("config").then(|| argument(2)).flatten();
        let cast = keyword(call, "cast").or_else(|| argument(1).filter(|_| typed)).or(last).map(dotted);
        // A scheme says what a variable is, by its default.
        let of_scheme = match &default {
            Fallback::Implied(Value::Bool(_)) => Some("bool"),
            Fallback::Implied(Value::Int(_)) => Some("int"),
            Fallback::Implied(Value::List(_)) => Some("list"),
            _ => None,
        };
        let cast = cast.or_else(|| of_scheme.filter(|_| how.is_empty()).map(str::to_owned));
        let cast = cast.map(|cast| self.settings.address(cast));
        let cast = match (how, cast.as_deref()) {
            _ if database || cast.as_deref() == Some("dj_database_url.parse") => Cast::Database,
            _ if cache => Cast::Cache,
            ("bool", _) | (_, Some("bool")) => Cast::Switch,
            ("int", _) | (_, Some("int")) => Cast::Integer,
            ("list" | "tuple", _) | (_, Some("list" | "tuple")) => Cast::List,
            ("" | "str", None | Some("str")) => Cast::None,
            (_, None) => Cast::Other,
            // `Csv()`, which has no name that could be read.
            (_, Some(cast)) if cast.is_empty() || cast.ends_with("Csv") => Cast::Separated,
            _ => Cast::Other,
        };
        Some(Lookup { name: asked, default, cast, raises: true })
    }

    /// Is it the text of a variable, as nothing else has made anything of it?
    pub(super) fn is_text(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Subscript(subscript) => is_environ(&subscript.value),
            // It makes no more of a text than what asks for it does.
            Expr::Call(call) if dotted(&call.func) == "bool" => {
                matches!(&call.arguments.args[..], [only] if self.is_text(only))
            }
            Expr::Call(call) => self.lookup(call, 0).is_some_and(|lookup| {
                // A reader that has a default for it has its type, too.
                let typed = lookup.raises && matches!(lookup.default, Fallback::Implied(_));
                matches!(lookup.cast, Cast::None) && !typed
            }),
            _ => false,
        }
    }

    /// The way in which a call reads a variable: `env.bool` is `bool`, `config` is empty.
    fn reader<'n>(&self, name: &'n str) -> Option<&'n str> {
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        let known = matches!(first, "env" | "config") || self.settings.readers.contains(first);
        if name == "decouple.config" {
            return Some("");
        }
        known.then_some(rest).filter(|rest| !rest.contains('.') && !matches!(*rest, "read_env" | "read" | "get_value"))
    }

    /// Is it a type, or a function that makes one of a text?
    fn is_type(&self, expression: &Expr, depth: usize) -> bool {
        match expression {
            Expr::Lambda(_) => true,
            Expr::Name(_) | Expr::Attribute(_) => self.evaluate(expression, depth + 1) == Value::Unknown,
            _ => false,
        }
    }

    /// The expressions inside of one that are evaluated with it.
    fn parts<'e>(&self, expression: &'e Expr) -> Vec<&'e Expr> {
        match expression {
            Expr::Dict(dict) => dict.items.iter().map(|item| &item.value).collect(),
            Expr::List(list) => list.elts.iter().collect(),
            Expr::Tuple(tuple) => tuple.elts.iter().collect(),
            Expr::BinOp(operation) => vec![&operation.left, &operation.right],
            Expr::Compare(comparison) => vec![&comparison.left],
            Expr::Call(call) => {
                let method = match &*call.func {
                    Expr::Attribute(method) => Some(&*method.value),
                    _ => None,
                };
                let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
                method.into_iter().chain(&call.arguments.args).chain(keywords).collect()
            }
            Expr::FString(text) => {
                let inner = text.value.elements().filter_map(|element| match element {
                    InterpolatedStringElement::Interpolation(inner) => Some(&*inner.expression),
                    InterpolatedStringElement::Literal(_) => None,
                });
                inner.collect()
            }
            Expr::ListComp(list) => list.generators.iter().map(|generator| &generator.iter).collect(),
            Expr::BoolOp(operation) => operation.values.iter().take(1).collect(),
            Expr::If(choice) => match Truth::of(&self.evaluate(&choice.test, 0)) {
                Truth::Is(true) | Truth::ByDefault(true) => vec![&choice.body],
                Truth::Is(false) | Truth::ByDefault(false) => vec![&choice.orelse],
                Truth::Unknown => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

/// A variable that an expression reads.
pub(super) struct Read {
    pub(super) name: String,
    pub(super) span: Range<usize>,
    /// From `os.environ[…]` itself, which raises `KeyError`.
    pub(super) environ: bool,
    /// Does the expression raise without it?
    needed: bool,
}

/// A call that reads a variable.
pub(super) struct Lookup<'c> {
    /// `None`: the name is not known.
    pub(super) name: Option<String>,
    pub(super) default: Fallback<'c>,
    pub(super) cast: Cast,
    /// Without the variable and a default?
    pub(super) raises: bool,
}

/// What a variable is where it is not set.
pub(super) enum Fallback<'c> {
    Given(&'c Expr),
    /// By the function, or by the reader that was made with it.
    Implied(Value),
    None,
}

/// What becomes of the text of a variable.
#[derive(Clone, Copy)]
pub(super) enum Cast {
    None,
    Switch,
    Integer,
    List,
    /// Parts between commas.
    Separated,
    Database,
    Cache,
    /// A function of the project's own.
    Other,
}

/// `env.NOTSET` and `undefined`: the packages' own words for no default.
fn is_unset(default: &Expr) -> bool {
    let name = dotted(default);
    name.ends_with("NOTSET") || matches!(name.as_str(), "undefined" | "decouple.undefined")
}
