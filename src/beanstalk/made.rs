//! Made: what `requirements.txt` says of itself where it was made for wheels that lie in the bundle.

use std::collections::BTreeSet;
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
        let (pythons, machines) = rest.strip_suffix(": change that, and run it again")?.split_once(" on ")?;
        let machines: Vec<Machine> = machines.split(", ").map(Machine::named).collect::<Option<_>>()?;
        let pythons: Vec<Version> = pythons.split(", ").map(Version::first).collect::<Option<_>>()?;
        let targets =
            pythons.iter().flat_map(|&python| machines.iter().map(move |&machine| Target { python, machine }));
        let digest = lines.next()?.strip_prefix(DIGEST)?.to_owned();
        Some(Self { from: from.to_owned(), targets: targets.collect(), digest })
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |words: BTreeSet<String>| words.into_iter().collect::<Vec<_>>().join(", ");
        let pythons: BTreeSet<Version> = self.targets.iter().map(|target| target.python).collect();
        let pythons: Vec<String> = pythons.iter().map(ToString::to_string).collect();
        let machines = list(self.targets.iter().map(|target| target.machine.to_string()).collect());
        let from = &self.from;
        writeln!(f, "{BEGIN}{from}, for Python {} on {machines}: change that, and run it again", pythons.join(", "))?;
        writeln!(f, "{DIGEST}{}", self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_it_writes() {
        let target = |minor, machine| Target { python: Version::new(3, minor), machine };
        for targets in [vec![target(13, Machine::X86)], vec![target(12, Machine::X86), target(12, Machine::Arm)]] {
            let made =
                Made { from: "requirements.in".into(), targets: targets.into_iter().collect(), digest: "0123".into() };
            assert_eq!(Made::of(&format!("{made}--no-index\n")), Some(made));
        }
        assert_eq!(Made::of("Django\n"), None);
        assert_eq!(Made::of(""), None);
    }
}
