//! `.elasticbeanstalk/config.yml`: what the EB CLI knows of this folder.

use std::collections::BTreeMap;

use super::platforms::Platform;
use super::tree::Tree;
use super::yaml::{self, Node};

/// Where the EB CLI keeps it.
pub const PATH: &str = ".elasticbeanstalk/config.yml";

/// What `eb init` and `eb use` wrote. Everything may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EbConfig {
    pub application: Option<String>,
    pub region: Option<String>,
    pub profile: Option<String>,
    /// As it is written: a platform branch such as `Python 3.13`, or an ARN. See [`EbConfig::platform`].
    pub default_platform: Option<String>,
    /// What holds on one git branch; outside git the EB CLI calls it `default`.
    pub branches: BTreeMap<String, BranchDefaults>,
    /// A ready archive to deploy instead of the folder.
    pub artifact: Option<String>,
}

/// Each wins over what the whole file says.
///
/// Source: `get_config_setting_from_branch_or_default` of the EB CLI (`ebcli/operations/commonops.py`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BranchDefaults {
    pub environment: Option<String>,
    pub region: Option<String>,
    pub profile: Option<String>,
}

/// Unknown keys are other people's: they are passed over.
pub fn parse(text: &str) -> Result<EbConfig, yaml::Error> {
    let root = yaml::parse(text)?;
    let section = |name: &str| root.as_ref().and_then(|root| root.get(name));
    let word = |section: Option<&Node>, key: &str| {
        let text = section?.get(key).filter(|node| !node.is_null())?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let global = section("global");
    let branches = section("branch-defaults").and_then(Node::mapping);
    let defaults = |node| BranchDefaults {
        environment: word(Some(node), "environment"),
        region: word(Some(node), "default_region"),
        profile: word(Some(node), "profile"),
    };
    let branches = branches
        .map(|branches| branches.named().map(|(branch, _, node)| (branch.to_owned(), defaults(node))).collect());
    Ok(EbConfig {
        application: word(global, "application_name"),
        region: word(global, "default_region"),
        profile: word(global, "profile"),
        default_platform: word(global, "default_platform"),
        branches: branches.unwrap_or_default(),
        artifact: word(section("deploy"), "artifact"),
    })
}

impl EbConfig {
    /// What a project's tree has of it. A file that cannot be read says nothing: whoever acts on it asks [`parse`].
    pub fn of(tree: &Tree) -> Self {
        tree.text(PATH).and_then(|text| parse(text).ok()).unwrap_or_default()
    }

    /// What holds on `branch`.
    #[must_use]
    pub fn on(mut self, branch: &str) -> Self {
        if let Some(defaults) = self.branches.get(branch).cloned() {
            self.region = defaults.region.or(self.region);
            self.profile = defaults.profile.or(self.profile);
        }
        self
    }

    /// What is known of the platform that it names.
    pub fn platform(&self) -> Option<Platform> {
        self.default_platform.as_deref().map(Platform::named)
    }

    /// The environment that commands on `branch` mean.
    pub fn environment(&self, branch: &str) -> Option<&str> {
        self.branches.get(branch)?.environment.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_the_eb_cli_wrote() {
        let config = parse(
            "branch-defaults:\n  main:\n    environment: site-prod\n    group_suffix: null\n  other:\n    environment: null\n\
             deploy:\n  artifact: app.zip\nglobal:\n  application_name: site\n  default_platform: Python 3.13\n  \
             default_region: eu-west-1\n  profile: eb-cli\n  sc: git\n",
        )
        .unwrap();
        assert_eq!(config.application.as_deref(), Some("site"));
        assert_eq!(config.region.as_deref(), Some("eu-west-1"));
        assert_eq!(config.profile.as_deref(), Some("eb-cli"));
        assert_eq!(config.default_platform.as_deref(), Some("Python 3.13"));
        assert_eq!(config.artifact.as_deref(), Some("app.zip"));
        assert_eq!(config.environment("main"), Some("site-prod"));
        assert_eq!(config.environment("other"), None);
        assert_eq!(config.environment("default"), None);
    }

    #[test]
    fn a_branch_has_the_last_word() {
        let text = "branch-defaults:\n  main:\n    profile: prod\n    default_region: eu-west-1\n  test:\n    profile: null\n\
                    global:\n  profile: dev\n  default_region: us-east-1\n";
        let on = |branch: &str| {
            let config = parse(text).unwrap().on(branch);
            [config.profile, config.region].map(Option::unwrap)
        };
        assert_eq!(on("main"), ["prod", "eu-west-1"]);
        assert_eq!(on("test"), ["dev", "us-east-1"]);
        assert_eq!(on("other"), ["dev", "us-east-1"]);
    }

    #[test]
    fn an_empty_file_says_nothing() {
        assert_eq!(parse(""), Ok(EbConfig::default()));
        assert_eq!(parse("global: [x]\nbranch-defaults: y\n"), Ok(EbConfig::default()));
    }
}
