//! Wheel: what the name of one says, and whether the instances of an environment take it.
//!
//! By the tags of the Python Packaging User Guide, "Platform compatibility tags", for CPython on Amazon Linux 2023, which
//! has glibc 2.34.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::customizations::Customizations;
use super::version::Version;
use crate::package_name::normal;

/// What the name of a wheel says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelName {
    /// In pip's spelling.
    pub name: String,
    pub version: String,
    pub pythons: Vec<String>,
    pub abis: Vec<String>,
    pub platforms: Vec<String>,
}

/// The processor of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Machine {
    #[serde(rename = "x86_64")]
    X86,
    /// Graviton.
    #[serde(rename = "aarch64")]
    Arm,
}

/// An instance that packages are installed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Target {
    pub python: Version,
    pub machine: Machine,
}

/// Why pip refuses a wheel on an instance: the nearer it comes to fitting, the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfit {
    Python,
    /// For a newer glibc than the instance has.
    Glibc,
    Machine,
    /// For another system, or for another C library.
    System,
}

/// glibc of Amazon Linux 2023 is 2.34.
pub const GLIBC_MINOR: u32 = 34;

impl Machine {
    /// As Python and wheels call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "aarch64",
        }
    }

    /// By any of its names: `arm64` is EC2's for `aarch64`.
    pub fn named(text: &str) -> Option<Self> {
        match text.trim() {
            "x86_64" | "amd64" => Some(Self::X86),
            "arm64" | "aarch64" => Some(Self::Arm),
            _ => None,
        }
    }

    /// Of an instance type such as `t4g.small` or `c7gn.large`: `g` after the number of the generation is Graviton.
    pub fn of_type(instance_type: &str) -> Option<Self> {
        let family = instance_type.trim().split('.').next().unwrap_or_default();
        if family == "a1" {
            return Some(Self::Arm);
        }
        let after = family.trim_start_matches(|char: char| char.is_ascii_lowercase());
        let rest = after.trim_start_matches(|char: char| char.is_ascii_digit());
        if after.len() == family.len() || rest.len() == after.len() {
            return None;
        }
        Some(if rest.starts_with('g') { Self::Arm } else { Self::X86 })
    }

    /// All that these options allow, each a value of `namespace` and name; none where they say nothing.
    pub fn of_options<'a>(option: impl Fn(&str, &str) -> Option<&'a str>) -> BTreeSet<Self> {
        let types = option("aws:ec2:instances", "InstanceTypes")
            .or_else(|| option("aws:autoscaling:launchconfiguration", "InstanceType"));
        let architectures = option("aws:ec2:instances", "SupportedArchitectures");
        let of_types = types.into_iter().flat_map(|types| types.split(',')).filter_map(Self::of_type);
        let named = architectures.into_iter().flat_map(|names| names.split(',')).filter_map(Self::named);
        of_types.chain(named).collect()
    }

    /// What the files of a bundle say, or what an environment has that nobody told.
    pub fn of(customizations: &Customizations) -> BTreeSet<Self> {
        let said = Self::of_options(|namespace, name| customizations.option(namespace, name));
        if said.is_empty() { BTreeSet::from([Self::X86]) } else { said }
    }
}

/// The value of a variable in a marker that is the same on every instance.
pub fn on_every_instance(name: &str) -> Option<&'static str> {
    Some(match name {
        "implementation_name" => "cpython",
        "os_name" => "posix",
        "platform_python_implementation" => "CPython",
        "platform_system" => "Linux",
        "sys_platform" => "linux",
        _ => return None,
    })
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Python {} on {}", self.python, self.machine)
    }
}

impl Target {
    /// The value of a variable in a marker.
    pub fn variable(&self, name: &str) -> Option<String> {
        Some(match name {
            "platform_machine" => self.machine.name().to_owned(),
            "platform_release" => "6.1".to_owned(),
            "platform_version" => String::new(),
            "python_version" => self.python.to_string(),
            // Which release of it changes with the platform's versions, and only goes up.
            "python_full_version" | "implementation_version" => format!("{}.99", self.python),
            _ => on_every_instance(name)?.to_owned(),
        })
    }

    /// The variables of a marker.
    pub const VARIABLES: [&'static str; 11] = [
        "implementation_name",
        "implementation_version",
        "os_name",
        "platform_machine",
        "platform_python_implementation",
        "platform_release",
        "platform_system",
        "platform_version",
        "python_full_version",
        "python_version",
        "sys_platform",
    ];

    /// The tags for platforms that pip accepts there, the best first.
    pub fn platforms(&self) -> Vec<String> {
        let machine = self.machine;
        let mut tags: Vec<String> =
            (5..=GLIBC_MINOR).rev().map(|minor| format!("manylinux_2_{minor}_{machine}")).collect();
        tags.push(format!("manylinux2014_{machine}"));
        if machine == Machine::X86 {
            tags.extend(["manylinux2010_x86_64".to_owned(), "manylinux1_x86_64".to_owned()]);
        }
        tags.push(format!("linux_{machine}"));
        tags
    }

    /// Why pip refuses this wheel there, if it does.
    pub fn refuses(&self, wheel: &WheelName) -> Option<Unfit> {
        // The tag that comes nearest says what is wrong.
        let platform = wheel.platforms.iter().map(|tag| self.platform(tag)).min();
        if let Some(unfit) = platform.flatten() {
            return Some(unfit);
        }
        let fits = wheel.pythons.iter().any(|python| wheel.abis.iter().any(|abi| self.interpreter(python, abi)));
        (!fits).then_some(Unfit::Python)
    }

    fn platform(&self, tag: &str) -> Option<Unfit> {
        if tag == "any" || self.platforms().iter().any(|known| known == tag) {
            return None;
        }
        let Some(rest) = tag.strip_prefix("manylinux").or_else(|| tag.strip_prefix("linux")) else {
            return Some(Unfit::System);
        };
        if !rest.ends_with(self.machine.name()) {
            return Some(Unfit::Machine);
        }
        Some(Unfit::Glibc)
    }

    fn interpreter(&self, python: &str, abi: &str) -> bool {
        let minor = self.python.minor;
        let digits = |text: &str| text.strip_prefix('3')?.parse::<u32>().ok();
        if let Some(version) = python.strip_prefix("cp") {
            // Two digits of an old Python 2 are none of ours.
            let Some(of) = digits(version) else { return false };
            return match abi {
                "abi3" => of <= minor,
                "none" => of == minor,
                abi => of == minor && abi == format!("cp3{minor}"),
            };
        }
        let Some(version) = python.strip_prefix("py") else { return false };
        abi == "none" && (version == "3" || digits(version).is_some_and(|of| of <= minor))
    }
}

impl WheelName {
    /// From the name of a file. `None`: no wheel has such a name.
    pub fn parse(file_name: &str) -> Option<Self> {
        let stem = file_name.strip_suffix(".whl")?;
        let parts: Vec<&str> = stem.split('-').collect();
        let (name, version, tags) = match parts.as_slice() {
            [name, version, tags @ ..] if tags.len() == 3 => (name, version, tags),
            // Between version and tags there may be the number of a build.
            [name, version, build, tags @ ..] if tags.len() == 3 && build.starts_with(|c: char| c.is_ascii_digit()) => {
                (name, version, tags)
            }
            _ => return None,
        };
        let set = |tags: &str| tags.split('.').map(str::to_owned).collect::<Vec<_>>();
        let sound = parts.iter().all(|part| !part.is_empty()) && version.starts_with(|c: char| c.is_ascii_digit());
        sound.then(|| Self {
            name: normal(name),
            version: (*version).to_owned(),
            pythons: set(tags[0]),
            abis: set(tags[1]),
            platforms: set(tags[2]),
        })
    }

    /// The tags as the name has them, for people.
    pub fn tags(&self) -> String {
        format!("{}-{}-{}", self.pythons.join("."), self.abis.join("."), self.platforms.join("."))
    }

    /// Is it of this version? A wheel may have a local part, such as `+cpu`, that nobody asked for.
    pub fn is(&self, version: &str) -> bool {
        let own = self.version.replace('_', "+");
        let own = if version.contains('+') { own.as_str() } else { own.split('+').next().unwrap_or_default() };
        same_version(own, version)
    }
}

/// Are these two spellings of one version, such as `5.2` and `5.2.0`, or `1.0rc1` and `1.0-RC.1`?
pub fn same_version(one: &str, other: &str) -> bool {
    canonical(one) == canonical(other)
}

fn canonical(version: &str) -> Vec<String> {
    let lower = version.trim().to_ascii_lowercase();
    let lower = lower.strip_prefix('v').unwrap_or(&lower);
    let mut words: Vec<String> = Vec::new();
    for part in lower.split(|char: char| !char.is_ascii_alphanumeric()) {
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let digit = first.is_ascii_digit();
            let end = rest.find(|char: char| char.is_ascii_digit() != digit).unwrap_or(rest.len());
            words.push(match &rest[..end] {
                number if digit => {
                    let number = number.trim_start_matches('0');
                    if number.is_empty() { "0".to_owned() } else { number.to_owned() }
                }
                "alpha" => "a".to_owned(),
                "beta" => "b".to_owned(),
                "c" | "pre" | "preview" => "rc".to_owned(),
                "rev" | "r" => "post".to_owned(),
                word => word.to_owned(),
            });
            rest = &rest[end..];
        }
    }
    let release = words.iter().position(|word| !word.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(words.len());
    let kept = words[..release].iter().rposition(|word| word != "0").map_or(0, |at| at + 1);
    words.drain(kept..release);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const X86: Target = Target { python: Version::new(3, 13), machine: Machine::X86 };

    #[test]
    fn an_instance_takes_what_is_made_for_it() {
        #[track_caller]
        fn case(tags: &str, unfit: Option<Unfit>) {
            let wheel = WheelName::parse(&format!("Some_Thing-1.0-{tags}.whl")).unwrap();
            assert_eq!(X86.refuses(&wheel), unfit, "{tags}");
            assert_eq!(wheel.name, "some-thing");
        }
        case("py3-none-any", None);
        case("py2.py3-none-any", None);
        case("py2-none-any", Some(Unfit::Python));
        case("py314-none-any", Some(Unfit::Python));
        case("cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64", None);
        case("cp313-cp313-manylinux_2_34_x86_64", None);
        case("cp313-cp313-manylinux_2_39_x86_64", Some(Unfit::Glibc));
        case("cp39-abi3-manylinux_2_28_x86_64", None);
        case("cp314-abi3-manylinux_2_28_x86_64", Some(Unfit::Python));
        case("cp312-cp312-manylinux_2_28_x86_64", Some(Unfit::Python));
        case("cp313-cp313t-manylinux_2_28_x86_64", Some(Unfit::Python));
        case("cp313-none-manylinux1_x86_64", None);
        case("pp310-pypy310_pp73-manylinux_2_28_x86_64", Some(Unfit::Python));
        case("py3-none-manylinux2014_aarch64", Some(Unfit::Machine));
        case("cp313-cp313-musllinux_1_2_x86_64", Some(Unfit::System));
        case("cp313-cp313-win_amd64", Some(Unfit::System));
        case("cp313-cp313-macosx_11_0_arm64", Some(Unfit::System));
        case("cp313-cp313-linux_x86_64", None);
    }

    #[test]
    fn the_nearest_reason_is_the_smallest() {
        let reasons = [None, Some(Unfit::Python), Some(Unfit::Glibc), Some(Unfit::Machine), Some(Unfit::System)];
        assert!(reasons.is_sorted());
    }

    #[test]
    fn names_of_wheels() {
        let built = WheelName::parse("Thing-1.0-2abc-py3-none-any.whl").unwrap();
        assert_eq!((built.version.as_str(), built.tags()), ("1.0", "py3-none-any".to_owned()));
        for name in
            ["thing.whl", "thing-1.0.whl", "thing-1.0-py3-none-any.zip", "-1-py3-none-any.whl", "a-b-c-d-e-f-g.whl"]
        {
            assert_eq!(WheelName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn versions_have_spellings() {
        for (one, other) in
            [("5.2", "5.2.0"), ("1.0rc1", "1.0-RC.1"), ("2.9.0.post0", "2.9-post0"), ("1.0a1", "1.0alpha1")]
        {
            assert!(same_version(one, other), "{one} {other}");
        }
        for (one, other) in [("5.2", "5.20"), ("1.0", "1.0rc1"), ("1.0.1", "1.0"), ("1.0rc1", "1.0rc10")] {
            assert!(!same_version(one, other), "{one} {other}");
        }
        let local = WheelName::parse("torch-2.1.0+cpu-py3-none-any.whl").unwrap();
        assert!(local.is("2.1") && local.is("2.1.0+cpu") && !local.is("2.1.0+gpu"));
    }

    #[test]
    fn machines_of_options() {
        #[track_caller]
        fn case(types: Option<&str>, architectures: Option<&str>, machines: &[Machine]) {
            let found = Machine::of_options(|_, name| {
                if name == "InstanceTypes" {
                    types
                } else if name == "SupportedArchitectures" {
                    architectures
                } else {
                    None
                }
            });
            assert_eq!(found.into_iter().collect::<Vec<_>>(), machines);
        }
        case(Some("t3.small"), None, &[Machine::X86]);
        case(Some("t4g.small, t4g.medium"), None, &[Machine::Arm]);
        case(Some("c7gn.large"), Some("arm64"), &[Machine::Arm]);
        case(Some("a1.large"), None, &[Machine::Arm]);
        case(Some("g4dn.xlarge"), None, &[Machine::X86]);
        case(Some("m7i.large,t4g.small"), Some("x86_64,arm64"), &[Machine::X86, Machine::Arm]);
        case(None, Some("arm64"), &[Machine::Arm]);
        case(None, None, &[]);
    }
}
