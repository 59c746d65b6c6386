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
}
