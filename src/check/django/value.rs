//! Value: what a setting is, as far as that can be known without running it.

use super::route::Route;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Int(i64),
    Text(String),
    /// `path("x/", …)` of a URL configuration.
    Route(Box<Route>),
    /// A router of Django REST framework's, which makes URLs of what is registered with it.
    Router,
    /// Below the project's folder: `BASE_DIR / "x"`. Empty for the folder itself.
    Path(String),
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    /// From an environment variable, with the default if that is known.
    Environment {
        default: Option<Box<Value>>,
    },
    /// Python's `None`.
    None,
    /// A new random value each time the settings are loaded.
    Random,
    /// Set, and not to be known.
    Unknown,
    /// Not set.
    Missing,
}

impl Value {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The folder above one of the project's; that above the project is not known.
    pub(super) fn above(path: &str) -> Self {
        match path.rsplit_once('/') {
            Some((parent, _)) => Self::Path(parent.to_owned()),
            None if path.is_empty() => Self::Unknown,
            None => Self::Path(String::new()),
        }
    }

    /// The path below the project's folder that it is, also where it is written out as it is on an instance.
    pub(crate) fn in_project(&self) -> Option<&str> {
        match self {
            Self::Path(path) => Some(path.as_str()),
            Self::Text(text) => {
                text.strip_prefix("/var/app/current").filter(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            _ => None,
        }
        .map(|path| path.trim_matches('/'))
    }

    /// Is it the name of an SQLite file in the folder that each deployment replaces? A relative one is taken from there.
    pub(crate) fn is_replaced_file(&self) -> bool {
        let relative = |name: &str| !name.starts_with('/') && name != ":memory:";
        self.in_project().is_some() || self.text().is_some_and(relative)
    }

    /// What it is where no variable says otherwise.
    pub(crate) fn by_default(&self) -> &Self {
        match self {
            Self::Environment { default: Some(default) } => default,
            other => other,
        }
    }

    /// Is it a switch that is on? Django asks for the truth of it, and 1 is true.
    pub(crate) fn is_on(&self) -> bool {
        matches!(self, Self::Bool(true)) || matches!(self, Self::Int(number) if *number != 0)
    }

    /// Does Django take it for no folder at all?
    pub(crate) fn is_no_folder(&self) -> bool {
        matches!(self, Self::Missing | Self::None) || self.text() == Some("")
    }

    pub(crate) fn get(&self, key: &str) -> &Self {
        const MISSING: &Value = &Value::Missing;
        const UNKNOWN: &Value = &Value::Unknown;
        let Self::Dict(pairs) = self else { return MISSING };
        // A key that is not known may be this one.
        pairs
            .iter()
            .rev()
            .find_map(|(name, value)| match name {
                Self::Text(name) => (name == key).then_some(value),
                Self::Bool(_) | Self::Int(_) | Self::None => None,
                _ => Some(UNKNOWN),
            })
            .unwrap_or(MISSING)
    }

    /// Does it depend on a variable, or on what was not read?
    pub(crate) fn is_undecided(&self) -> bool {
        matches!(self, Self::Unknown | Self::Environment { .. })
    }

    pub(crate) fn number(&self) -> Option<i64> {
        match self.by_default() {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Is every part of it known?
    pub(crate) fn is_known(&self) -> bool {
        match self {
            Self::List(items) => items.iter().all(Self::is_known),
            Self::Bool(_) | Self::Int(_) | Self::Text(_) | Self::Path(_) => true,
            _ => false,
        }
    }
}

/// A value with more parts than this is not kept: each line of a file may double what the one before made.
pub(super) const MAX_PARTS: usize = 20_000;

impl Value {
    /// How many values it is made of, and bytes of text by the hundred.
    pub(super) fn parts(&self) -> usize {
        match self {
            Self::List(items) => items.iter().map(Self::parts).sum::<usize>() + 1,
            Self::Dict(pairs) => pairs.iter().map(|(key, value)| key.parts() + value.parts()).sum::<usize>() + 1,
            Self::Text(text) | Self::Path(text) => text.len() / 100 + 1,
            Self::Environment { default: Some(default) } => default.parts() + 1,
            _ => 1,
        }
    }

    /// Itself, or unknown if it has grown beyond all measure.
    pub(super) fn bounded(self) -> Self {
        if self.parts() > MAX_PARTS { Self::Unknown } else { self }
    }
}
