//! An environment property: a value, or how one comes to be.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The value of an environment property.
#[derive(Clone, PartialEq, Eq)]
pub enum Property {
    Plain(String),
    /// The ARN of a secret, which Elastic Beanstalk reads on the instance.
    Secret(String),
    /// So many random characters, made at launch and kept nowhere.
    Random(usize),
    /// Asked for at launch.
    Ask,
    /// Taken from another environment when that is good.
    From {
        environment: String,
        what: What,
    },
}

/// What one environment tells another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Url,
    Queue,
}

impl What {
    pub fn word(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Queue => "queue",
        }
    }
}

/// The shortest that a random value may be, and the longest.
const RANDOM: std::ops::RangeInclusive<i64> = 16..=256;

/// Never the value itself: it may be a secret.
impl fmt::Debug for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Secret(_) => "Secret",
            Self::Random(_) => "Random",
            Self::Ask => "Ask",
            Self::From { .. } => "From",
        })
    }
}

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Property;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or a table with `secret`, `random`, `ask`, or `from` and `what`")
    }

    fn visit_str<E>(self, text: &str) -> Result<Property, E> {
        Ok(Property::Plain(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Property, E> {
        Ok(Property::Plain(number.to_string()))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Property, E> {
        Ok(Property::Plain(truth.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Property, A::Error> {
        let mut found: Option<Property> = None;
        let (mut from, mut what): (Option<String>, Option<String>) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            let property = match key.as_str() {
                "secret" => {
                    let arn: String = map.next_value()?;
                    if !arn.starts_with("arn:") {
                        return Err(A::Error::custom("`secret` is the ARN of a secret or a parameter"));
                    }
                    Property::Secret(arn)
                }
                "random" => {
                    let length: i64 = map.next_value()?;
                    if !RANDOM.contains(&length) {
                        return Err(A::Error::custom("`random` is a number of characters from 16 to 256"));
                    }
                    Property::Random(usize::try_from(length).unwrap_or_default())
                }
                "ask" => {
                    if !map.next_value::<bool>()? {
                        return Err(A::Error::custom("`ask` is `true`, or not there"));
                    }
                    Property::Ask
                }
                "from" => {
                    from = Some(map.next_value()?);
                    continue;
                }
                "what" => {
                    what = Some(map.next_value()?);
                    continue;
                }
                other => {
                    return Err(A::Error::unknown_field(other, &["secret", "random", "ask", "from", "what"]));
                }
            };
            if found.replace(property).is_some() {
                return Err(A::Error::custom("a property comes about in one way"));
            }
        }
        let what = match what.as_deref() {
            Some("url") => Some(What::Url),
            Some("queue") => Some(What::Queue),
            Some(_) => return Err(A::Error::custom("`what` is `url` or `queue`")),
            None => None,
        };
        match (found, from, what) {
            (Some(property), None, None) => Ok(property),
            (None, Some(environment), Some(what)) => Ok(Property::From { environment, what }),
            (None, Some(_), None) => Err(A::Error::custom("`from` needs `what`: `url` or `queue`")),
            (None, None, Some(_)) => Err(A::Error::custom("`what` needs `from`: an environment")),
            (None, None, None) => Err(A::Error::custom("how does it come about? `secret`, `random`, `ask`, or `from`")),
            (Some(_), _, _) => Err(A::Error::custom("a property comes about in one way")),
        }
    }
}

impl Property {
    /// As it stands in a file.
    pub(super) fn to_toml(&self) -> toml_edit::Value {
        let table = |pairs: &[(&str, toml_edit::Value)]| {
            let mut table = toml_edit::InlineTable::new();
            for (key, value) in pairs {
                table.insert(*key, value.clone());
            }
            toml_edit::Value::InlineTable(table)
        };
        match self {
            Self::Plain(text) => text.as_str().into(),
            Self::Secret(arn) => table(&[("secret", arn.as_str().into())]),
            Self::Random(length) => table(&[("random", i64::try_from(*length).unwrap_or(i64::MAX).into())]),
            Self::Ask => table(&[("ask", true.into())]),
            Self::From { environment, what } => {
                table(&[("from", environment.as_str().into()), ("what", what.word().into())])
            }
        }
    }
}
