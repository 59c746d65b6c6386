//! Closure: which of the wheels an instance needs, by what each says that it needs itself.
//!
//! pip decides markers by the machine that it runs on. Here they are decided for the instance, so that a package that only
//! one of the two needs is found.

use std::collections::{BTreeMap, BTreeSet};

use crate::beanstalk::marker::Marker;
use crate::beanstalk::wheel::Target;

use super::asked::Asked;
use super::{Error, WheelFile};

/// The names that an instance needs of these wheels, and those that it needs and that are not among them.
pub(crate) fn needed(
    asked: &Asked,
    wheels: &BTreeMap<String, WheelFile>,
    target: Target,
) -> Result<(BTreeSet<String>, Vec<String>), Error> {
    let mut waiting: Vec<(String, Option<String>)> = Vec::new();
    for line in asked.on(target)? {
        waiting.push((line.name.clone(), None));
        waiting.extend(line.extras.iter().map(|extra| (line.name.clone(), Some(extra.clone()))));
    }
    let mut seen = BTreeSet::new();
    let mut missing = BTreeSet::new();
    while let Some((name, extra)) = waiting.pop() {
        if !seen.insert((name.clone(), extra.clone())) {
            continue;
        }
        let Some(wheel) = wheels.get(&name) else {
            missing.insert(name);
            continue;
        };
        let extras: Vec<&str> = extra.iter().map(String::as_str).collect();
        for need in &wheel.needs {
            let holds = match &need.marker {
                None => Some(true),
                Some(text) => {
                    Marker::parse(text).and_then(|marker| marker.holds(&|name| target.variable(name), &extras))
                }
            };
            // A marker that nobody reads: pip has decided.
            if holds.unwrap_or_else(|| wheels.contains_key(&need.name)) {
                waiting.push((need.name.clone(), None));
                waiting.extend(need.extras.iter().map(|extra| (need.name.clone(), Some(extra.clone()))));
            }
        }
    }
    let names = seen.into_iter().map(|(name, _)| name).filter(|name| wheels.contains_key(name)).collect();
    Ok((names, missing.into_iter().collect()))
}
