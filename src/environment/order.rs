//! In which order environments are launched: what one needs comes first.

use super::description::Description;
use super::place::path;
use crate::fault::{Exit, Fault};

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OrderError {
    #[error("environments wait for each other: `{}`", .names.join("` → `"))]
    Cycle { names: Vec<String> },
    #[error("`{name}` needs `{needed}`, which is not described")]
    Unknown { name: String, needed: String },
}

impl Fault for OrderError {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Cycle { .. } => "take one of them out of `after`, or out of `{ from = … }`".to_owned(),
            Self::Unknown { needed, .. } => format!("describe it in `{}`, or correct the name", path(needed)),
        })
    }
}

/// Names in waves: each wave needs only what is in earlier ones. What is needed from outside of `wanted` counts as being
/// there, as long as `all` knows it.
pub fn waves(wanted: &[&Description], all: &[&Description]) -> Result<Vec<Vec<String>>, OrderError> {
    let known = |name: &str| all.iter().any(|description| description.name == name);
    for description in wanted {
        if let Some(needed) = description.needs().into_iter().find(|needed| !known(needed)) {
            return Err(OrderError::Unknown { name: description.name.clone(), needed: needed.to_owned() });
        }
    }
    let mut left: Vec<&Description> = wanted.to_vec();
    let mut waves = Vec::new();
    while !left.is_empty() {
        let waits = |description: &&Description| {
            description.needs().iter().any(|needed| left.iter().any(|other| other.name == *needed))
        };
        let (later, now): (Vec<&Description>, Vec<&Description>) = left.iter().copied().partition(waits);
        if now.is_empty() {
            return Err(OrderError::Cycle { names: cycle(&later) });
        }
        waves.push(now.into_iter().map(|description| description.name.clone()).collect());
        left = later;
    }
    Ok(waves)
}

/// One of the cycles among environments that all wait, from a name back to itself.
fn cycle(waiting: &[&Description]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut next = waiting.first().copied();
    while let Some(description) = next {
        if let Some(start) = names.iter().position(|name| *name == description.name) {
            names.drain(..start);
            names.push(description.name.clone());
            break;
        }
        names.push(description.name.clone());
        let needs = description.needs();
        next = waiting.iter().copied().find(|other| needs.contains(&other.name.as_str()));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(name: &str, after: &[&str]) -> Description {
        Description { after: after.iter().map(|&name| name.to_owned()).collect(), ..Description::new(name) }
    }

    fn order(all: &[Description]) -> Result<Vec<Vec<String>>, OrderError> {
        let all: Vec<&Description> = all.iter().collect();
        waves(&all, &all)
    }

    #[test]
    fn what_is_needed_comes_first() {
        let all = [
            described("site", &["apis"]),
            described("apis", &["data"]),
            described("data", &[]),
            described("solo", &[]),
        ];
        assert_eq!(order(&all).unwrap(), [vec!["data", "solo"], vec!["apis"], vec!["site"]]);
    }

    #[test]
    fn a_cycle_is_named() {
        let all = [described("outer", &["site"]), described("site", &["apis"]), described("apis", &["site"])];
        let names = vec!["site".to_owned(), "apis".to_owned(), "site".to_owned()];
        assert_eq!(order(&all), Err(OrderError::Cycle { names }));
        assert!(order(&[described("self", &["self"])]).is_err());
    }

    #[test]
    fn what_is_needed_has_to_be_known() {
        let error = order(&[described("site", &["gone"])]).unwrap_err();
        assert_eq!(error.to_string(), "`site` needs `gone`, which is not described");
        // Described, and not to be launched now: it is there already.
        let (site, apis) = (described("site", &["apis"]), described("apis", &[]));
        assert_eq!(waves(&[&site], &[&site, &apis]).unwrap(), [vec!["site"]]);
    }
}
