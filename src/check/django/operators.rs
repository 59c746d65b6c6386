//! Operators: comparisons, conditions and methods, over values of which some depend on a variable.

use ruff_python_ast::{CmpOp, UnaryOp};

use super::value::Value;

/// Truth of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Is(bool),
    /// So where no variable says otherwise.
    ByDefault(bool),
    Unknown,
}

impl Truth {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Environment { default: Some(default) } => truth(default).map_or(Self::Unknown, Self::ByDefault),
            value => truth(value).map_or(Self::Unknown, Self::Is),
        }
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Int(number) => Some(*number != 0),
        Value::Text(text) => Some(!text.is_empty()),
        Value::List(items) => Some(!items.is_empty()),
        Value::Dict(pairs) => Some(!pairs.is_empty()),
        Value::None => Some(false),
        Value::Path(_) | Value::Random => Some(true),
        _ => None,
    }
}

/// Apply to the default of a variable what applies to a value.
pub(super) fn through(value: Value, with: impl FnOnce(Value) -> Value) -> Value {
    match value {
        Value::Environment { default: Some(default) } => by_default(with(*default)),
        Value::Environment { default: None } => value,
        value => with(value),
    }
}

/// The value, as one that a variable may change.
pub(super) fn by_default(value: Value) -> Value {
    match value {
        Value::Environment { .. } => value,
        value => Value::Environment { default: Some(Box::new(value)) },
    }
}

/// Apply to two values what applies to their defaults.
pub(super) fn both(left: Value, right: Value, with: impl FnOnce(Value, Value) -> Value) -> Value {
    let depends = [&left, &right].iter().any(|value| matches!(value, Value::Environment { .. }));
    let plain = |value| match value {
        Value::Environment { default: Some(default) } => Some(*default),
        Value::Environment { default: None } => None,
        value => Some(value),
    };
    match (plain(left), plain(right)) {
        (Some(left), Some(right)) if depends => by_default(with(left, right)),
        (Some(left), Some(right)) => with(left, right),
        _ => Value::Environment { default: None },
    }
}

pub(super) fn unary(operator: UnaryOp, value: Value) -> Value {
    through(value, |value| match (operator, value) {
        (UnaryOp::Not, value) => truth(&value).map_or(Value::Unknown, |truth| Value::Bool(!truth)),
        (UnaryOp::USub, Value::Int(number)) => number.checked_neg().map_or(Value::Unknown, Value::Int),
        _ => Value::Unknown,
    })
}

pub(super) fn compare(operator: CmpOp, left: Value, right: Value) -> Value {
    both(left, right, |left, right| {
        let found = match operator {
            CmpOp::Eq | CmpOp::Is => equal(&left, &right),
            CmpOp::NotEq | CmpOp::IsNot => equal(&left, &right).map(|same| !same),
            CmpOp::In => within(&left, &right),
            CmpOp::NotIn => within(&left, &right).map(|within| !within),
            CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE => None,
        };
        found.map_or(Value::Unknown, Value::Bool)
    })
}

fn equal(left: &Value, right: &Value) -> Option<bool> {
    let plain = |value: &Value| value.is_known() || *value == Value::None;
    (plain(left) && plain(right)).then(|| left == right)
}

fn within(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Text(part), Value::Text(text)) => Some(text.contains(part.as_str())),
        (_, Value::List(items)) => {
            items.iter().map(|item| equal(left, item)).try_fold(false, |any, same| Some(any | same?))
        }
        (Value::Text(key), Value::Dict(pairs)) => {
            let known = pairs.iter().all(|(key, _)| key.text().is_some());
            known.then(|| pairs.iter().any(|(name, _)| name.text() == Some(key)))
        }
        _ => None,
    }
}

/// A method of a text, a list or a dictionary.
pub(super) fn method(name: &str, value: Value, arguments: &[Value]) -> Value {
    through(value, |value| {
        let first = arguments.first().and_then(Value::text);
        match (name, &value) {
            ("lower" | "casefold", Value::Text(text)) => Value::Text(text.to_lowercase()),
            ("upper", Value::Text(text)) => Value::Text(text.to_uppercase()),
            ("title", Value::Text(text)) => Value::Text(titled(text)),
            ("capitalize", Value::Text(text)) => {
                let mut chars = text.chars();
                let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
                Value::Text(first + &chars.as_str().to_lowercase())
            }
            ("strip", Value::Text(text)) if arguments.is_empty() => Value::Text(text.trim().to_owned()),
            ("lstrip", Value::Text(text)) if arguments.is_empty() => Value::Text(text.trim_start().to_owned()),
            ("rstrip", Value::Text(text)) if arguments.is_empty() => Value::Text(text.trim_end().to_owned()),
            ("split", Value::Text(text)) => match first {
                Some(by) if !by.is_empty() => {
                    Value::List(text.split(by).map(|part| Value::Text(part.to_owned())).collect())
                }
                _ if arguments.is_empty() => {
                    Value::List(text.split_whitespace().map(|part| Value::Text(part.to_owned())).collect())
                }
                _ => Value::Unknown,
            },
            ("startswith", Value::Text(text)) => {
                first.map_or(Value::Unknown, |part| Value::Bool(text.starts_with(part)))
            }
            ("endswith", Value::Text(text)) => first.map_or(Value::Unknown, |part| Value::Bool(text.ends_with(part))),
            ("get", Value::Dict(pairs)) => {
                let known = pairs.iter().all(|(key, _)| key.text().is_some());
                match (first.map(|key| value.get(key)), known) {
                    (Some(Value::Missing), true) => arguments.get(1).cloned().unwrap_or(Value::None),
                    (Some(Value::Missing) | None, _) => Value::Unknown,
                    (Some(found), _) => found.clone(),
                }
            }
            ("copy", Value::Dict(_) | Value::List(_)) => value,
            _ => Value::Unknown,
        }
    })
}

/// Each word with a capital, as Python's `title` writes it.
fn titled(text: &str) -> String {
    let mut inside = false;
    let letter = |c: char| {
        let first = !std::mem::replace(&mut inside, c.is_alphabetic());
        if first { c.to_uppercase().to_string() } else { c.to_lowercase().to_string() }
    };
    text.chars().map(letter).collect()
}

/// Text as a switch, as `env.bool` and `config(…, cast=bool)` read it.
pub(super) fn switch(value: Value) -> Value {
    through(value, |value| match &value {
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "on" | "ok" | "y" | "yes" | "1" | "t" => Value::Bool(true),
            "false" | "off" | "n" | "no" | "0" | "f" | "" => Value::Bool(false),
            _ => Value::Unknown,
        },
        Value::Int(number) => Value::Bool(*number != 0),
        Value::None => Value::Bool(false),
        Value::Bool(_) => value,
        _ => Value::Unknown,
    })
}

/// The dictionary that `dj_database_url` and `env.db` make of an address.
pub(super) fn database(value: Value) -> Value {
    through(value, |value| {
        let Value::Text(url) = &value else {
            return if matches!(value, Value::Dict(_)) { value } else { Value::Unknown };
        };
        let Some((scheme, rest)) = url.split_once(':') else { return Value::Unknown };
        let text = |text: &str| Value::Text(text.to_owned());
        let engine = match scheme {
            "sqlite" | "sqlite3" => "django.db.backends.sqlite3",
            "postgres" | "postgresql" | "psql" | "pgsql" => "django.db.backends.postgresql",
            "postgis" => "django.contrib.gis.db.backends.postgis",
            "mysql" | "mysql2" | "mysqlgis" => "django.db.backends.mysql",
            _ => return Value::Unknown,
        };
        let mut pairs = vec![(text("ENGINE"), text(engine))];
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        if engine.ends_with("sqlite3") {
            // `sqlite:///x` is beside the process, `sqlite:////x` anywhere.
            let name = rest.strip_prefix('/').unwrap_or(rest);
            let inside = !name.starts_with('/') && !name.is_empty() && name != ":memory:";
            pairs.push((
                text("NAME"),
                if inside {
                    Value::Path(name.to_owned())
                } else {
                    text(if name.is_empty() { ":memory:" } else { name })
                },
            ));
        } else {
            let (address, name) = rest.split_once('/').unwrap_or((rest, ""));
            let (user, host) = address.rsplit_once('@').unwrap_or(("", address));
            let host = host.split(':').next().unwrap_or_default();
            if let Some((_, password)) = user.split_once(':') {
                pairs.push((text("PASSWORD"), text(password)));
            }
            pairs.push((text("NAME"), text(name.split('?').next().unwrap_or_default())));
            pairs.push((text("HOST"), text(host)));
        }
        Value::Dict(pairs)
    })
}

/// The cache that an address names, as django-environ and environs read one.
pub(super) fn cache(value: Value) -> Value {
    through(value, |value| {
        let Value::Text(url) = &value else {
            return if matches!(value, Value::Dict(_)) { value } else { Value::Unknown };
        };
        let text = |text: &str| Value::Text(text.to_owned());
        let Some((scheme, rest)) = url.split_once("://") else { return Value::Unknown };
        let (backend, location) = match scheme {
            "dummycache" | "dummy" => ("django.core.cache.backends.dummy.DummyCache", None),
            "locmemcache" | "locmem" => ("django.core.cache.backends.locmem.LocMemCache", None),
            "dbcache" | "db" => ("django.core.cache.backends.db.DatabaseCache", None),
            "filecache" | "file" => ("django.core.cache.backends.filebased.FileBasedCache", None),
            "memcache" | "memcached" | "pymemcache" | "pymemcached" | "pylibmc" => (
                "django.core.cache.backends.memcached.PyMemcacheCache",
                Some(rest.split('/').next().unwrap_or_default().to_owned()),
            ),
            "rediscache" | "redis" | "redis-cache" => {
                ("django_redis.cache.RedisCache", Some(format!("redis://{rest}")))
            }
            "rediss" => ("django_redis.cache.RedisCache", Some(format!("rediss://{rest}"))),
            _ => return Value::Unknown,
        };
        let location = location.map(|location| (text("LOCATION"), text(&location)));
        Value::Dict([(text("BACKEND"), text(backend))].into_iter().chain(location).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn a_variable_stays_one() {
        let debug = by_default(text("True"));
        let on = compare(CmpOp::Eq, method("lower", debug, &[]), text("true"));
        assert_eq!(Truth::of(&on), Truth::ByDefault(true));
        assert_eq!(Truth::of(&unary(UnaryOp::Not, on)), Truth::ByDefault(false));
        let needed = Value::Environment { default: None };
        assert_eq!(Truth::of(&compare(CmpOp::Eq, needed, text("1"))), Truth::Unknown);
        assert_eq!(Truth::of(&compare(CmpOp::In, text("a"), Value::List(vec![text("a")]))), Truth::Is(true));
    }

    #[test]
    fn addresses_of_databases() {
        #[track_caller]
        fn case(url: &str, engine: &str, key: &str, expected: &Value) {
            let found = database(text(url));
            assert!(found.get("ENGINE").text().is_some_and(|found| found.ends_with(engine)), "{found:?}");
            assert_eq!(found.get(key), expected);
        }
        case("sqlite:///db.sqlite3", "sqlite3", "NAME", &Value::Path("db.sqlite3".to_owned()));
        case("sqlite:////data/db.sqlite3", "sqlite3", "NAME", &text("/data/db.sqlite3"));
        case("sqlite://:memory:", "sqlite3", "NAME", &text(":memory:"));
        case("postgres://me:pw@localhost:5432/shop", "postgresql", "HOST", &text("localhost"));
        case("postgres://me:pw@localhost:5432/shop", "postgresql", "PASSWORD", &text("pw"));
        case("postgres://me@localhost/shop", "postgresql", "PASSWORD", &Value::Missing);
        case("mysql://db.example.com/shop?ssl=1", "mysql", "NAME", &text("shop"));
        case("postgis://gis.example.com/map", "gis.db.backends.postgis", "HOST", &text("gis.example.com"));
        assert_eq!(database(text("oracle://x/y")), Value::Unknown);
    }
}
