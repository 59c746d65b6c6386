//! Locked: exact versions and digests of all that an instance installs, and the `requirements.txt` that says so.

use std::collections::{BTreeMap, BTreeSet};

use crate::beanstalk::made::Made;
use crate::beanstalk::requirements::Requirements;
use crate::beanstalk::version::Version;
use crate::beanstalk::wheel::{Machine, Target, WheelName};

use super::{FOLDER, WheelFile};

/// One version of a package, and its wheel on each of the instances that need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pin {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) digests: BTreeSet<String>,
    pub(crate) targets: BTreeSet<Target>,
}

/// All pins, by name and version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Locked {
    pub(crate) pins: Vec<Pin>,
}

impl Locked {
    /// Of the wheels that each instance needs.
    pub(crate) fn of<'a>(wheels: impl Iterator<Item = (Target, &'a WheelFile)>) -> Self {
        let mut pins: BTreeMap<(String, String), Pin> = BTreeMap::new();
        for (target, wheel) in wheels {
            let version = wheel.name.version.replace('_', "+");
            let key = (wheel.name.name.clone(), version.clone());
            let pin = pins.entry(key).or_insert_with(|| Pin {
                name: wheel.name.name.clone(),
                version,
                digests: BTreeSet::new(),
                targets: BTreeSet::new(),
            });
            pin.digests.insert(wheel.sha256.clone());
            pin.targets.insert(target);
        }
        Self { pins: pins.into_values().collect() }
    }

    /// As a `requirements.txt` says that was made before. `None`: a line of it is not exact, or has no digest.
    pub(crate) fn read(requirements: &Requirements, targets: &BTreeSet<Target>) -> Option<Self> {
        let mut pins = Vec::new();
        for line in requirements.lines.iter().filter(|line| !line.constraint) {
            let digests: BTreeSet<String> =
                line.hashes.iter().filter_map(|hash| hash.strip_prefix("sha256:")).map(str::to_owned).collect();
            if digests.is_empty() {
                return None;
            }
            let on = targets.iter().copied().filter(|target| super::asked::applies(line, *target).unwrap_or(true));
            let (version, targets) = (line.exact()?.to_owned(), on.collect());
            pins.push(Pin { name: line.name.clone(), version, digests, targets });
        }
        (!pins.is_empty()).then_some(Self { pins })
    }

    /// The file: these lines, and nothing that would make pip ask an index.
    pub(crate) fn text(&self, made: &Made) -> String {
        let mut text = format!("{made}--no-index\n--find-links {FOLDER}\n");
        for pin in &self.pins {
            text += &format!("{}=={}", pin.name, pin.version);
            if pin.targets != made.targets {
                text += &format!(" ; {}", marker(&pin.targets, &made.targets));
            }
            for digest in &pin.digests {
                text += &format!(" \\\n    --hash=sha256:{digest}");
            }
            text.push('\n');
        }
        text
    }

    pub(crate) fn digests(&self) -> BTreeSet<&str> {
        self.pins.iter().flat_map(|pin| pin.digests.iter().map(String::as_str)).collect()
    }

    /// Is a wheel of this name one of those that are locked?
    pub(crate) fn names(&self, wheel: &WheelName) -> bool {
        self.pins.iter().any(|pin| pin.name == wheel.name && wheel.is(&pin.version))
    }
}

/// The condition that holds on some of the instances and not on the others.
fn marker(some: &BTreeSet<Target>, all: &BTreeSet<Target>) -> String {
    let pythons =
        |targets: &BTreeSet<Target>| targets.iter().map(|target| target.python).collect::<BTreeSet<Version>>();
    let machines =
        |targets: &BTreeSet<Target>| targets.iter().map(|target| target.machine).collect::<BTreeSet<Machine>>();
    let full = |pythons: &BTreeSet<Version>, machines: &BTreeSet<Machine>| {
        let holds = |target: &&Target| pythons.contains(&target.python) && machines.contains(&target.machine);
        all.iter().filter(holds).count() == some.len()
    };
    let on_python = |python: &Version| format!("python_version == \"{python}\"");
    let on_machine = |machine: &Machine| format!("platform_machine == \"{machine}\"");
    let or = |words: Vec<String>| words.join(" or ");
    if full(&pythons(all), &machines(some)) {
        return or(machines(some).iter().map(on_machine).collect());
    }
    if full(&pythons(some), &machines(all)) {
        return or(pythons(some).iter().map(on_python).collect());
    }
    or(some
        .iter()
        .map(|target| format!("({} and {})", on_python(&target.python), on_machine(&target.machine)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn target(minor: u32, machine: Machine) -> Target {
        Target { python: Version::new(3, minor), machine }
    }

    #[test]
    fn what_only_some_instances_need_says_which() {
        let (a, b) = (target(12, Machine::X86), target(12, Machine::Arm));
        let (c, d) = (target(13, Machine::X86), target(13, Machine::Arm));
        let all = BTreeSet::from([a, b, c, d]);
        #[track_caller]
        fn case(some: &[Target], all: &BTreeSet<Target>, expected: &str) {
            assert_eq!(marker(&some.iter().copied().collect(), all), expected);
        }
        case(&[b, d], &all, "platform_machine == \"aarch64\"");
        case(&[c, d], &all, "python_version == \"3.13\"");
        case(&[a], &all, "(python_version == \"3.12\" and platform_machine == \"x86_64\")");
        case(&[a], &BTreeSet::from([a, c]), "python_version == \"3.12\"");
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let targets = BTreeSet::from([target(13, Machine::X86), target(13, Machine::Arm)]);
        let pin = |name: &str, digests: &[&str], targets: &BTreeSet<Target>| Pin {
            name: name.to_owned(),
            version: "1.0".to_owned(),
            digests: digests.iter().map(|digest| digest.repeat(64)).collect(),
            targets: targets.clone(),
        };
        let arm = BTreeSet::from([target(13, Machine::Arm)]);
        let locked = Locked { pins: vec![pin("both", &["a", "b"], &targets), pin("one", &["c"], &arm)] };
        let made = Made { from: "requirements.in".into(), targets: targets.clone(), digest: "0123".into() };
        let text = locked.text(&made);
        let read = Requirements::of_text(&text, "requirements.txt");
        assert_eq!(Locked::read(&read, &targets), Some(locked));
        assert!(text.contains("\n--no-index\n--find-links wheels\nboth==1.0 \\\n    --hash=sha256:aaa"), "{text}");
        assert_eq!(Locked::read(&Requirements::of_text("one==1.0\n", "x"), &targets), None);
    }
}
