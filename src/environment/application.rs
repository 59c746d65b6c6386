//! What the application itself is: `environments/_application.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::error::{Error, Problem};
use super::text::Text;

/// The first line of the file.
const FORMAT: &str = "beansprout.application/1";

/// What stands wherever a launch makes the application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Application {
    pub description: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// `None`: no version is deleted by a rule.
    pub lifecycle: Option<Lifecycle>,
}

/// The rule by which Elastic Beanstalk deletes versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lifecycle {
    pub max_count: Option<u32>,
    pub max_age_days: Option<u32>,
    pub delete_source: bool,
    pub service_role: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    format: Spanned<String>,
    description: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    lifecycle: Option<Spanned<Lifecycle>>,
}

impl Application {
    pub fn read(path: &str, text: &str) -> Result<Self, Error> {
        let text = Text::new(path, text);
        let raw: Raw = text.parse()?;
        text.format(&raw.format, FORMAT)?;
        if let Some(rule) = &raw.lifecycle {
            let Lifecycle { max_count, max_age_days, .. } = rule.get_ref();
            match (max_count, max_age_days) {
                (Some(_), Some(_)) => return Err(text.at(&rule.span(), Problem::Rule)),
                (None, None) => return Err(text.at(&rule.span(), Problem::Empty { key: "lifecycle" })),
                _ => {}
            }
        }
        Ok(Self { description: raw.description, tags: raw.tags, lifecycle: raw.lifecycle.map(Spanned::into_inner) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rule_at_most() {
        let read = |rest: &str| Application::read("a.toml", &format!("format = \"{FORMAT}\"\n{rest}"));
        let one = read("description = 'Shop'\n[tags]\nteam = 'web'\n[lifecycle]\nmax_count = 50\n").unwrap();
        assert_eq!(one.lifecycle.unwrap().max_count, Some(50));
        assert_eq!(read("").unwrap(), Application::default());
        let both = read("[lifecycle]\nmax_count = 50\nmax_age_days = 3\n").unwrap_err();
        assert!(both.to_string().contains("line 2: `max_count` and `max_age_days`"), "{both}");
        assert!(read("[lifecycle]\n").is_err());
        assert!(read("[lifecycle]\nmax = 3\n").is_err());
    }
}
