//! The kinds of platform that a Django project meets.

use std::fmt;

use serde::Serialize;

use super::tree::Tree;

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
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Python => "Python on Amazon Linux 2023",
            Self::Docker => "Docker on Amazon Linux 2023",
            Self::Ecs => "ECS on Amazon Linux 2023",
        })
    }
}

impl Family {
    /// The family that a platform branch, solution stack or platform ARN names.
    pub fn named(platform: &str) -> Option<Self> {
        let platform = platform.to_ascii_lowercase();
        let has = |word: &str| platform.contains(word);
        match () {
            () if has("python") => Some(Self::Python),
            () if has("ecs") || has("multi-container") => Some(Self::Ecs),
            () if has("docker") => Some(Self::Docker),
            () => None,
        }
    }

    /// The family whose descriptors lie at the top of the tree.
    pub fn of(tree: &Tree) -> Self {
        let compose = ["docker-compose.yml", "docker-compose.yaml"].iter().any(|name| tree.is_file(name));
        if let Some(content) = tree.content("Dockerrun.aws.json").filter(|_| !compose) {
            let document: serde_json::Value = serde_json::from_slice(content).unwrap_or_default();
            let version = &document["AWSEBDockerrunVersion"];
            return match version.as_str() == Some("2") || version.as_i64() == Some(2) {
                true => Self::Ecs,
                false => Self::Docker,
            };
        }
        match compose || tree.is_file("Dockerfile") {
            true => Self::Docker,
            false => Self::Python,
        }
    }
}

/// A platform branch, as of November 2026 (Developer Guide, "Elastic Beanstalk platforms schedule" and release notes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Branch {
    pub name: &'static str,
    pub family: Family,
    /// The minor version of Python 3.
    pub python: Option<u32>,
    /// Since when it is retired.
    pub retired: Option<&'static str>,
}

const fn on_python(name: &'static str, minor: u32, retired: Option<&'static str>) -> Branch {
    Branch { name, family: Family::Python, python: Some(minor), retired }
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

impl Branch {
    /// The branch that a name means: its own, a solution stack, an ARN, or the EB CLI's short form such as `Python 3.13`.
    pub fn named(platform: &str) -> Option<&'static Self> {
        let text = platform.to_ascii_lowercase();
        let plain = text.rsplit_once("platform/").map_or(text.as_str(), |(_, rest)| rest);
        BRANCHES.iter().find(|branch| {
            let name = branch.name.to_ascii_lowercase();
            let (runtime, os) = name.split_once(" running on ").expect("every branch runs on something");
            let stack = plain.strip_prefix(os).is_some_and(|rest| {
                (rest.is_empty() || rest.starts_with(" v") || rest.starts_with(" running"))
                    && rest.ends_with(&format!("running {runtime}"))
            });
            let versioned = plain.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            stack || versioned || plain == runtime
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptors_tell_the_family() {
        #[track_caller]
        fn case(files: &[(&str, &str)], family: Family) {
            let tree = files.iter().fold(Tree::default(), |tree, (path, content)| tree.file(path, content));
            assert_eq!(Family::of(&tree), family, "{files:?}");
        }
        case(&[("manage.py", "")], Family::Python);
        case(&[("Dockerfile", "")], Family::Docker);
        case(&[("docker-compose.yml", "")], Family::Docker);
        case(&[("Dockerrun.aws.json", r#"{"AWSEBDockerrunVersion": "1"}"#)], Family::Docker);
        case(&[("Dockerrun.aws.json", r#"{"AWSEBDockerrunVersion": 2}"#)], Family::Ecs);
        case(&[("Dockerrun.aws.json", r#"{"AWSEBDockerrunVersion": 2}"#), ("Dockerfile", "")], Family::Ecs);
    }

    #[test]
    fn names_of_platforms_tell_the_family() {
        assert_eq!(Family::named("64bit Amazon Linux 2023 v4.13.7 running Python 3.13"), Some(Family::Python));
        assert_eq!(Family::named("ECS running on 64bit Amazon Linux 2023"), Some(Family::Ecs));
        assert_eq!(Family::named("docker"), Some(Family::Docker));
        assert_eq!(Family::named("PHP 8.4"), None);
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
