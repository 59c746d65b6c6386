//! Made: what `requirements.txt` says of itself where it was made for wheels that lie in the bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sha2::{Digest, Sha256};

use crate::beanstalk::version::Version;
use crate::beanstalk::wheel::{Machine, Target};

/// The first two lines of such a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The file that people change.
    pub from: String,
    pub targets: BTreeSet<Target>,
    /// Of what it was made from: the first twelve digits of its digest.
    pub digest: String,
}

const BEGIN: &str = "# Made by `beansprout wheels` from ";
const DIGEST: &str = "# What it was made from has the digest ";

/// Between Pythons that are not on the same machines.
const AND: &str = " and ";

impl Made {
    /// The digest of what it is made from, as its second line has it: files in the order of their paths.
    pub fn digest_of<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
        let mut hash = Sha256::new();
        for (path, content) in files {
            hash.update(path);
            hash.update([0]);
            hash.update(Sha256::digest(content));
        }
        crate::hex::encode(hash.finalize())[..12].to_owned()
    }

    /// Of a file that begins with these lines.
    pub fn of(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let rest = lines.next()?.strip_prefix(BEGIN)?;
        let (from, rest) = rest.split_once(", for Python ")?;
        let mut targets = BTreeSet::new();
        for group in rest.strip_suffix(": change that, and run it again")?.split(AND) {
            let (pythons, machines) = group.split_once(" on ")?;
            let machines: Vec<Machine> = machines.split(", ").map(Machine::named).collect::<Option<_>>()?;
            for python in pythons.split(", ") {
                let python = Version::first(python)?;
                targets.extend(machines.iter().map(|&machine| Target { python, machine }));
            }
        }
        let digest = lines.next()?.strip_prefix(DIGEST)?.to_owned();
        Some(Self { from: from.to_owned(), targets, digest })
    }

    /// The instances as `3.12, 3.13 on x86_64 and 3.14 on aarch64`: Pythons on the same machines stand together.
    fn instances(&self) -> String {
        let mut machines: BTreeMap<Version, BTreeSet<Machine>> = BTreeMap::new();
        for target in &self.targets {
            machines.entry(target.python).or_default().insert(target.machine);
        }
        let mut groups: Vec<(Vec<String>, &BTreeSet<Machine>)> = Vec::new();
        for (python, on) in &machines {
            match groups.iter_mut().find(|(_, machines)| *machines == on) {
                Some((pythons, _)) => pythons.push(python.to_string()),
                None => groups.push((vec![python.to_string()], on)),
            }
        }
        let group = |(pythons, machines): &(Vec<String>, &BTreeSet<Machine>)| {
            let mut machines: Vec<&str> = machines.iter().map(|machine| machine.name()).collect();
            machines.sort_unstable();
            format!("{} on {}", pythons.join(", "), machines.join(", "))
        };
        groups.iter().map(group).collect::<Vec<_>>().join(AND)
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, instances) = (&self.from, self.instances());
        writeln!(f, "{BEGIN}{from}, for Python {instances}: change that, and run it again")?;
        writeln!(f, "{DIGEST}{}", self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_it_writes() {
        let target = |minor, machine| Target { python: Version::new(3, minor), machine };
        #[track_caller]
        fn case(targets: &[Target], instances: &str) {
            let targets = targets.iter().copied().collect();
            let made = Made { from: "requirements.in".into(), targets, digest: "0123".into() };
            assert_eq!(made.instances(), instances);
            assert_eq!(Made::of(&format!("{made}--no-index\n")), Some(made));
        }
        let (x86, arm) = (Machine::X86, Machine::Arm);
        case(&[target(13, x86)], "3.13 on x86_64");
        case(&[target(12, x86), target(12, arm)], "3.12 on aarch64, x86_64");
        case(&[target(12, x86), target(13, x86)], "3.12, 3.13 on x86_64");
        // Two environments of different kinds are two pairs, and not all four.
        case(&[target(12, x86), target(13, arm)], "3.12 on x86_64 and 3.13 on aarch64");
        case(&[target(12, x86), target(13, arm), target(14, x86)], "3.12, 3.14 on x86_64 and 3.13 on aarch64");
        assert_eq!(Made::of("Django\n"), None);
        assert_eq!(Made::of(""), None);
    }
}
