//! Platforms: the families that a Django project meets, their branches, and what a name of one says.

use std::fmt;

use serde::Serialize;

use super::version::Version;
use crate::known::Known;

/// What an environment runs on, as far as the order of a deployment depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Python on Amazon Linux 2023
    Python,
    /// Docker on Amazon Linux 2023, with one container or with compose
    Docker,
    /// ECS on Amazon Linux 2023: many containers by `Dockerrun.aws.json` version 2
    Ecs,
    /// A platform for another language, or one that nobody here knows: only what all platforms share is said of it
    Other,
}

impl Family {
    /// Its name in the table of options, where it is known what that one has.
    pub fn language(self) -> Option<&'static str> {
        match self {
            Self::Python => Some("python"),
            Self::Docker => Some("docker"),
            Self::Ecs => Some("ecs"),
            Self::Other => None,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Python => "Python on Amazon Linux 2023",
            Self::Docker => "Docker on Amazon Linux 2023",
            Self::Ecs => "ECS on Amazon Linux 2023",
            Self::Other => "a platform for another language",
        })
    }
}

/// A platform branch, as of November 2026 (Developer Guide, "Elastic Beanstalk platforms schedule" and release notes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Branch {
    pub name: &'static str,
    pub family: Family,
    pub python: Option<Version>,
    /// Since when it is retired.
    pub retired: Option<&'static str>,
}

const fn on_python(name: &'static str, minor: u32, retired: Option<&'static str>) -> Branch {
    Branch { name, family: Family::Python, python: Some(Version::new(3, minor)), retired }
}

/// The branches of the families above, newest first.
pub const BRANCHES: &[Branch] = &[
    on_python("Python 3.14 running on 64bit Amazon Linux 2023", 14, None),
    on_python("Python 3.13 running on 64bit Amazon Linux 2023", 13, None),
    on_python("Python 3.12 running on 64bit Amazon Linux 2023", 12, None),
    on_python("Python 3.11 running on 64bit Amazon Linux 2023", 11, None),
    on_python("Python 3.9 running on 64bit Amazon Linux 2023", 9, Some("2026-08-13")),
    on_python("Python 3.8 running on 64bit Amazon Linux 2", 8, Some("2025-04-08")),
    on_python("Python 3.7 running on 64bit Amazon Linux 2", 7, Some("2024-10-10")),
    on_python("Python 3.6 running on 64bit Amazon Linux", 6, Some("2022-07-18")),
    on_python("Python 3.4 running on 64bit Amazon Linux", 4, Some("2022-07-18")),
    Branch {
        name: "Python 2.7 running on 64bit Amazon Linux",
        family: Family::Python,
        python: Some(Version::new(2, 7)),
        retired: Some("2022-07-18"),
    },
    Branch { name: "Docker running on 64bit Amazon Linux 2023", family: Family::Docker, python: None, retired: None },
    Branch { name: "ECS running on 64bit Amazon Linux 2023", family: Family::Ecs, python: None, retired: None },
    Branch {
        name: "Docker running on 64bit Amazon Linux 2",
        family: Family::Docker,
        python: None,
        retired: Some("2026-08-06"),
    },
    Branch {
        name: "ECS running on 64bit Amazon Linux 2",
        family: Family::Ecs,
        python: None,
        retired: Some("2026-08-06"),
    },
    Branch {
        name: "Multi-container Docker running on 64bit Amazon Linux",
        family: Family::Ecs,
        python: None,
        retired: Some("2022-07-18"),
    },
];

/// What a text says that names a platform: the `default_platform` of the EB CLI, a solution stack, an ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// As it is written.
    pub name: String,
    /// A certain no is a family of another language, such as PHP; what nobody can read, such as a custom platform, is not
    /// known.
    pub family: Known<Family>,
    pub python: Option<Version>,
    /// The branch, where it is one of [`BRANCHES`].
    pub branch: Option<&'static Branch>,
}

/// Families that are none of ours, by the first word of their names.
const OTHERS: &[&str] = &[
    "php",
    "node",
    "nodejs",
    "ruby",
    "go",
    "golang",
    "java",
    "corretto",
    "tomcat",
    "net",
    "iis",
    "glassfish",
    "packer",
];

impl Platform {
    pub fn named(name: &str) -> Self {
        let name = name.trim();
        let lower = name.to_ascii_lowercase();
        // The place of an ARN says nothing of the platform.
        let plain = lower.rsplit_once("platform/").map_or(lower.as_str(), |(_, rest)| rest);
        let has = |word: &str| {
            plain
                .split(|char: char| !char.is_ascii_alphanumeric())
                .any(|part| part.strip_prefix(word).is_some_and(|rest| rest.chars().all(|char| char.is_ascii_digit())))
        };
        let family = if has("ecs") || plain.contains("multi-container") || plain.contains("multicontainer") {
            Known::Yes(Family::Ecs)
        } else if has("docker") {
            Known::Yes(Family::Docker)
        } else if has("python") {
            Known::Yes(Family::Python)
        } else if OTHERS.iter().any(|word| has(word)) {
            Known::No
        } else {
            Known::unknown(format!("nobody here knows a platform `{name}`"))
        };
        let python =
            plain.split_once("python").filter(|_| family == Known::Yes(Family::Python)).and_then(|(_, rest)| {
                let number = rest.trim_start_matches([' ', '-']);
                let digits = number.find(|char: char| !(char.is_ascii_digit() || char == '.')).unwrap_or(number.len());
                number[..digits].contains('.').then(|| Version::first(&number[..digits])).flatten()
            });
        Self { name: name.to_owned(), family, python, branch: Branch::named(name) }
    }
}

impl Branch {
    /// The branch that a name means: its own, a solution stack, an ARN, or the EB CLI's short form such as `Python 3.13`.
    pub fn named(platform: &str) -> Option<&'static Self> {
        let text = platform.trim().to_ascii_lowercase();
        let plain = text.rsplit_once("platform/").map_or(text.as_str(), |(_, rest)| rest);
        BRANCHES.iter().find(|branch| {
            let name = branch.name.to_ascii_lowercase();
            let (runtime, os) = name.split_once(" running on ").expect("every branch runs on something");
            let stack = plain.strip_prefix(os).is_some_and(|rest| {
                (rest.is_empty() || rest.starts_with(" v") || rest.starts_with(" running"))
                    && rest.ends_with(&format!("running {runtime}"))
            });
            let versioned = plain.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            // `python-3.11` and `python2.7` are how the EB CLI once wrote it.
            let joined = |text: &str| text.replace([' ', '-'], "");
            stack || versioned || joined(plain) == joined(runtime)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_has_many_spellings() {
        #[track_caller]
        fn case(name: &str, family: Known<Family>, python: Option<(u32, u32)>, branch: Option<&str>) {
            let found = Platform::named(name);
            let version = python.map(|(major, minor)| Version::new(major, minor));
            assert_eq!((&found.family, found.python), (&family, version), "{name}");
            assert_eq!(found.branch.map(|branch| branch.name), branch, "{name}");
        }
        let python = |name: &str| {
            let branch = Some("Python 3.11 running on 64bit Amazon Linux 2023");
            case(name, Known::Yes(Family::Python), Some((3, 11)), branch);
        };
        python("Python 3.11 running on 64bit Amazon Linux 2023");
        python("Python 3.11 running on 64bit Amazon Linux 2023/4.3.0");
        python("arn:aws:elasticbeanstalk:us-east-1::platform/Python 3.11 running on 64bit Amazon Linux 2023/4.3.0");
        python("64bit Amazon Linux 2023 v4.3.0 running Python 3.11");
        python("Python 3.11");
        python("python 3.11");
        python("python-3.11");
        python("python3.11");
        python(" Python 3.11 ");
        let is = |name, family, branch| case(name, Known::Yes(family), None, branch);
        is("Docker", Family::Docker, Some("Docker running on 64bit Amazon Linux 2023"));
        is("docker-19.03.13-ce", Family::Docker, None);
        is(
            "64bit Amazon Linux 2023 v4.5.0 running Docker",
            Family::Docker,
            Some("Docker running on 64bit Amazon Linux 2023"),
        );
        is("ECS running on 64bit Amazon Linux 2023", Family::Ecs, Some("ECS running on 64bit Amazon Linux 2023"));
        is("multi-container-docker-19.03.13-ce-(generic)", Family::Ecs, None);
        is("64bit Debian jessie v2.16.0 running Python 3.4 (Preconfigured - Docker)", Family::Docker, None);
        is("Python", Family::Python, None);
        case("python-3.4", Known::Yes(Family::Python), Some((3, 4)), Some("Python 3.4 running on 64bit Amazon Linux"));
        case("Python 2.7", Known::Yes(Family::Python), Some((2, 7)), Some("Python 2.7 running on 64bit Amazon Linux"));
        case("Python 3.99", Known::Yes(Family::Python), Some((3, 99)), None);
        for other in
            ["PHP 8.4", "Node.js 22", "Ruby 3.2", "Corretto 21", "Tomcat 10 with Corretto 17", "Go 1", ".NET 8"]
        {
            case(other, Known::No, None, None);
        }
        let custom = "arn:aws:elasticbeanstalk:eu-west-1:123456789012:platform/ours/1.0.0";
        assert!(Platform::named(custom).family.why().is_some());
    }

    #[test]
    fn a_branch_has_many_names() {
        #[track_caller]
        fn case(platform: &str, name: Option<&str>) {
            assert_eq!(Branch::named(platform).map(|branch| branch.name), name);
        }
        let python = Some("Python 3.13 running on 64bit Amazon Linux 2023");
        case("Python 3.13 running on 64bit Amazon Linux 2023", python);
        case("Python 3.13", python);
        case("python 3.13", python);
        case("64bit Amazon Linux 2023 v4.13.7 running Python 3.13", python);
        case(
            "arn:aws:elasticbeanstalk:eu-west-1::platform/Python 3.13 running on 64bit Amazon Linux 2023/4.13.7",
            python,
        );
        case("64bit Amazon Linux 2 v3.10.5 running ECS", Some("ECS running on 64bit Amazon Linux 2"));
        case("Docker", Some("Docker running on 64bit Amazon Linux 2023"));
        case("Node.js 22", None);
    }
}
