//! Instances that the wheels are for: what was said, else the project's environments, else its files.

use std::collections::BTreeSet;

use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::platforms::{Family, Platform};
use crate::beanstalk::version::Version;
use crate::beanstalk::wheel::{Machine, Target};
use crate::environment::{Description, OptionKey};
use crate::known::Known;

use super::WheelsArgs;
use super::error::Error;

pub(super) fn targets(
    args: &WheelsArgs,
    customizations: &Customizations,
    environments: &[Description],
) -> Result<BTreeSet<Target>, Error> {
    let said = |text: &String| {
        let version = Version::first(text).filter(|version| version.major == 3 && text.starts_with("3."));
        version.ok_or_else(|| Error::Python { text: text.clone() })
    };
    let pythons: BTreeSet<Version> = args.python.iter().map(said).collect::<Result<_, _>>()?;
    let machines: BTreeSet<Machine> = args.arch.iter().filter_map(|name| Machine::named(name)).collect();
    if customizations.family != Family::Python && pythons.is_empty() {
        return Err(Error::NoPython { family: customizations.family });
    }
    let of_files = customizations.platform.as_ref().and_then(|platform| platform.python);
    let all = |python: Option<Version>, on: BTreeSet<Machine>| {
        let pythons = if pythons.is_empty() { python.into_iter().collect() } else { pythons.clone() };
        let machines = if machines.is_empty() { on } else { machines.clone() };
        let on = |python: Version| machines.iter().map(move |&machine| Target { python, machine }).collect::<Vec<_>>();
        pythons.into_iter().flat_map(on).collect::<Vec<_>>()
    };
    let mut targets = BTreeSet::new();
    for environment in environments {
        let platform = environment.platform.as_deref().map(Platform::named);
        if platform.as_ref().is_some_and(|platform| !matches!(platform.family, Known::Yes(Family::Python))) {
            continue;
        }
        let option = |namespace: &str, name: &str| {
            environment.options.get(&OptionKey::new(namespace, None, name)).map(String::as_str)
        };
        // What an environment says itself wins over the files.
        let own = Machine::of_options(option);
        let on = if own.is_empty() { Machine::of(customizations) } else { own };
        targets.extend(all(platform.and_then(|platform| platform.python).or(of_files), on));
    }
    if targets.is_empty() {
        targets.extend(all(of_files, Machine::of(customizations)));
    }
    if targets.is_empty() {
        return Err(Error::PythonUnknown);
    }
    Ok(targets)
}
