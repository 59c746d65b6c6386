//! Names that Elastic Beanstalk takes, as types that can only be built valid: checked at the edge, and never doubted below it.
//!
//! They also keep apart what is alike: an application cannot be passed where an environment belongs.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is no such name: a reason that reads on after "it cannot be one: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadName(&'static str);

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(text: String) -> Result<Self, BadName> {
                $check(&text)?;
                Ok(Self(text))
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        // What the SDK takes.
        impl From<&$name> for String {
            fn from(name: &$name) -> Self {
                name.0.clone()
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<$name> for String {
            fn eq(&self, other: &$name) -> bool {
                *self == other.0
            }
        }
    };
}

name! {
    /// Name of an application.
    ///
    /// Source: `ApplicationName` in the API reference.
    Application, application
}

name! {
    /// Name of an environment.
    ///
    /// Source: `EnvironmentName` in the API reference.
    EnvironmentName, environment
}

name! {
    /// Label of an application version, whoever registered it.
    ///
    /// Source: `VersionLabel` in the API reference, which names no characters.
    Label, label
}

impl Label {
    /// Label that is safe in keys, ARNs and file names: what a new version may be called.
    pub fn new(text: &str) -> Result<Self, BadName> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let label: Self = text.parse()?;
        if label.chars().all(plain) {
            Ok(label)
        } else {
            Err(BadName("only letters, digits, `.`, `_` and `-` are safe in a label"))
        }
    }
}

fn application(text: &str) -> Result<(), BadName> {
    if (1..=100).contains(&text.chars().count()) && !text.contains('/') {
        Ok(())
    } else {
        Err(BadName("its name has 1 to 100 characters, and no `/`"))
    }
}

fn environment(text: &str) -> Result<(), BadName> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !(4..=40).contains(&text.chars().count()) {
        return Err(BadName("an environment's name has 4 to 40 characters"));
    }
    if !text.chars().all(plain) || text.starts_with('-') || text.ends_with('-') {
        return Err(BadName("an environment's name has letters, digits and `-`, which is not at its ends"));
    }
    Ok(())
}

fn label(text: &str) -> Result<(), BadName> {
    if (1..=100).contains(&text.chars().count()) { Ok(()) } else { Err(BadName("a label has 1 to 100 characters")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_checked_before_aws_does() {
        for good in ["shop", "shop-prod", "Shop-2", &"a".repeat(40)] {
            assert!(good.parse::<EnvironmentName>().is_ok(), "{good}");
        }
        for bad in ["e", "abc", "-shop", "shop-", "sh op", "shöp", &"a".repeat(41), ""] {
            assert!(bad.parse::<EnvironmentName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn applications_have_no_slash() {
        for good in ["s", "My shop", &"a".repeat(100)] {
            assert!(good.parse::<Application>().is_ok(), "{good}");
        }
        for bad in ["", "a/b", &"a".repeat(101)] {
            assert!(bad.parse::<Application>().is_err(), "{bad}");
        }
    }

    #[test]
    fn new_labels_are_safe_in_keys_and_arns_and_old_ones_are_what_they_are() {
        assert!(Label::new("app-1.2_3").is_ok());
        assert!(Label::new("").is_err());
        assert!(Label::new("a/b").is_err());
        assert!(Label::new(&"a".repeat(101)).is_err());
        assert!("a/b c".parse::<Label>().is_ok());
        assert!("".parse::<Label>().is_err());
        assert!(serde_json::from_str::<Label>("\"\"").is_err());
        assert_eq!(serde_json::to_string(&Label::new("v1").unwrap()).unwrap(), "\"v1\"");
    }
}
