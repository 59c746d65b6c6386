//! Values of environment properties that no file holds: flags, a file of their own, questions.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::env_file;
use crate::cli::interview::Prompter;
use crate::environment::{Description, Files, Property};
use crate::fault::Failure;
use crate::ui::Ui;
use crate::world::World;

/// Characters that `@random` makes.
const RANDOM: usize = 50;

/// What was given on the command line.
pub(crate) struct Given<'a> {
    values: BTreeMap<String, String>,
    how: BTreeMap<String, Property>,
    /// Give an environment only what its description has.
    described: bool,
    world: &'a World,
}

pub(crate) fn property(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((_, value)) if value.starts_with('@') && !matches!(value, "@ask" | "@random") => {
            Err("a value that begins with `@` is `@ask` or `@random`; put another into `--env-file`".to_owned())
        }
        _ => env_file::property(text),
    }
}

impl<'a> Given<'a> {
    /// Flags win over the file.
    pub(crate) fn read(flags: &[(String, String)], env_file: Option<&Path>, world: &'a World) -> Result<Self, Failure> {
        let mut given = Self { values: BTreeMap::new(), how: BTreeMap::new(), described: false, world };
        if let Some(env_file) = env_file {
            given.values.extend(env_file::read(env_file, world)?);
        }
        for (name, value) in flags {
            given.values.remove(name);
            match value.as_str() {
                "@ask" => drop(given.how.insert(name.clone(), Property::Ask)),
                "@random" => drop(given.how.insert(name.clone(), Property::Random(RANDOM))),
                _ => drop(given.values.insert(name.clone(), value.clone())),
            }
        }
        Ok(given)
    }

    /// A value for everything that a rehearsal would have to ask for.
    pub(crate) fn stand_ins(descriptions: &[Description], world: &'a World) -> Self {
        let asked = descriptions.iter().flat_map(|description| &description.properties);
        let asked = asked.filter(|(_, property)| **property == Property::Ask);
        let values = asked.map(|(name, _)| (name.clone(), "rehearsed".to_owned())).collect();
        Self { values, how: BTreeMap::new(), described: true, world }
    }

    /// The same, for descriptions that ask for different things.
    #[must_use]
    pub(crate) fn of_described(self) -> Self {
        Self { described: true, ..self }
    }

    /// A value that was typed may be a secret: a description says that it is asked for, and never what it is.
    pub(super) fn apply(&self, descriptions: &mut [Description]) {
        for description in descriptions {
            for (name, how) in &self.how {
                description.properties.insert(name.clone(), how.clone());
            }
            for name in self.values.keys() {
                description.properties.entry(name.clone()).or_insert(Property::Ask);
            }
        }
    }

    /// The values for one environment; what is asked for is asked, if somebody is there.
    pub(crate) fn values(
        &self,
        description: &Description,
        files: &Files,
        ui: &mut Ui,
    ) -> Result<BTreeMap<String, String>, Failure> {
        let mut values = self.values.clone();
        if self.described {
            values.retain(|name, _| description.properties.contains_key(name));
        }
        if !ui.can_prompt() {
            return Ok(values);
        }
        let person = Prompter::new(self.world, ui);
        for (name, property) in &description.properties {
            let open = *property == Property::Ask && !values.contains_key(name) && files.property(name).is_none();
            if open {
                let value = person.secret(&format!("{name} of {}", description.name))?;
                values.insert(name.clone(), value);
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_say_how_it_comes_about() {
        assert_eq!(property("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert_eq!(property("A=@random"), Ok(("A".to_owned(), "@random".to_owned())));
        assert!(property("A=@rnd").is_err());
        assert!(property("=b").is_err());
        assert!(property("A").is_err());
    }
}
