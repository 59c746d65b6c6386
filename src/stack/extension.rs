//! Extension points: lists that parts read, and that whoever stands on them fills.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::Error;
use super::expression::{Scope, holds, render};

/// A list that a part reads.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Point {
    pub(crate) name: String,
    /// One line for people.
    pub(crate) about: String,
    /// Keys of each entry; without them, an entry is one line.
    #[serde(default)]
    pub(crate) keys: Vec<String>,
}

/// One more entry of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Extension {
    /// A template for one line.
    Line(String),
    /// A template for each key of the point; `value` alone is a line, and `when` decides whether the entry is there.
    Table(BTreeMap<String, String>),
}

/// Condition of an entry.
const WHEN: &str = "when";
/// The line of an entry that has a condition.
const LINE: &str = "value";

impl Extension {
    /// Does it have the keys of its point?
    pub(crate) fn check(&self, point: &Point) -> Result<(), Error> {
        let given: BTreeSet<&str> = match self {
            Self::Line(_) => BTreeSet::new(),
            Self::Table(table) => table.keys().map(String::as_str).filter(|key| *key != WHEN).collect(),
        };
        let wanted: BTreeSet<&str> = match (self, point.keys.is_empty()) {
            (Self::Table(_), true) => BTreeSet::from([LINE]),
            _ => point.keys.iter().map(String::as_str).collect(),
        };
        if given == wanted {
            return Ok(());
        }
        Err(Error::ExtensionOdd { point: point.name.clone(), keys: wanted.into_iter().map(str::to_owned).collect() })
    }

    /// Its templates, and its condition.
    pub(crate) fn texts(&self) -> (Vec<&str>, Option<&str>) {
        match self {
            Self::Line(line) => (vec![line], None),
            Self::Table(table) => {
                let texts = table.iter().filter(|(key, _)| *key != WHEN).map(|(_, text)| text.as_str()).collect();
                (texts, table.get(WHEN).map(String::as_str))
            }
        }
    }

    /// The entry as templates of parts see it, if its condition holds.
    fn value(&self, place: &str, point: &Point, scope: &Scope) -> Result<Option<Value>, Error> {
        let table = match self {
            Self::Line(line) => return Ok(Some(Value::from(render(place, line, scope)?))),
            Self::Table(table) => table,
        };
        if let Some(condition) = table.get(WHEN)
            && !holds(place, condition, scope)?
        {
            return Ok(None);
        }
        if point.keys.is_empty() {
            let line = table.get(LINE).map_or("", String::as_str);
            return Ok(Some(Value::from(render(place, line, scope)?)));
        }
        let mut value = serde_json::Map::new();
        for key in &point.keys {
            let text = table.get(key).map_or("", String::as_str);
            value.insert(key.clone(), Value::from(render(place, text, scope)?));
        }
        Ok(Some(value.into()))
    }
}

/// Every point with its entries, in the order of the parts; an entry that is there already is not repeated.
pub(crate) fn lists(
    points: &[Point],
    extend: &BTreeMap<String, Vec<Extension>>,
    scope: &Scope,
) -> Result<Value, Error> {
    let mut lists = serde_json::Map::new();
    for point in points {
        let place = place(&point.name);
        let mut list: Vec<Value> = Vec::new();
        for extension in extend.get(&point.name).into_iter().flatten() {
            if let Some(value) = extension.value(&place, point, scope)?
                && !list.contains(&value)
            {
                list.push(value);
            }
        }
        lists.insert(point.name.clone(), list.into());
    }
    Ok(lists.into())
}

/// The words for a list, in messages.
pub(crate) fn place(point: &str) -> String {
    format!("extension `{point}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(keys: &[&str]) -> Point {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Point { name: "list".to_owned(), about: String::new(), keys }
    }

    fn table(pairs: &[(&str, &str)]) -> Extension {
        Extension::Table(pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn entries_have_the_keys_of_their_point() {
        #[track_caller]
        fn case(point: &Point, extension: &Extension, fits: bool) {
            assert_eq!(extension.check(point).is_ok(), fits, "{extension:?}");
        }
        let (lines, rows) = (point(&[]), point(&["a", "b"]));
        let line = Extension::Line("x".to_owned());
        case(&lines, &line, true);
        case(&rows, &line, false);
        case(&lines, &table(&[("value", "x"), ("when", "on")]), true);
        case(&lines, &table(&[("valeu", "x")]), false);
        case(&rows, &table(&[("a", "1"), ("b", "2")]), true);
        case(&rows, &table(&[("a", "1"), ("b", "2"), ("when", "on")]), true);
        case(&rows, &table(&[("a", "1")]), false);
        case(&rows, &table(&[("a", "1"), ("b", "2"), ("c", "3")]), false);
    }

    #[test]
    fn lists_keep_their_order_and_say_nothing_twice() {
        let mut scope = Scope::default();
        scope.set("name", "shop".into());
        scope.set("on", false.into());
        let entries = vec![
            Extension::Line("{{ name }}".to_owned()),
            table(&[("value", "never"), ("when", "on")]),
            table(&[("value", "also"), ("when", "not on")]),
            Extension::Line("shop".to_owned()),
        ];
        let extend = BTreeMap::from([("list".to_owned(), entries)]);
        let lists = lists(&[point(&[])], &extend, &scope).unwrap();
        assert_eq!(lists, serde_json::json!({"list": ["shop", "also"]}));
    }
}
