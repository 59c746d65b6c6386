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

/// What a release makes of a key of this file.
#[derive(Debug, Clone, Copy)]
enum Part {
    Used,
    /// It is about something else: creating, editing, the EB CLI itself.
    None,
    /// The EB CLI acts by it, and we don't, when it has a value like this.
    Unheeded(fn(&str) -> bool, &'static str),
}

/// Every key that the EB CLI reads or writes. `*` is the name of a branch or an environment.
///
/// Source: its calls of `get_config_setting` and `write_config_setting`, version 3.27.5.
const KEYS: &[(&str, Part)] = &[
    ("global.application_name", Part::Used),
    ("global.default_region", Part::Used),
    ("global.profile", Part::Used),
    ("global.default_platform", Part::Used),
    ("global.default_ec2_keyname", Part::None),
    ("global.instance_profile", Part::None),
    ("global.platform_name", Part::None),
    ("global.platform_version", Part::None),
    ("global.region_name", Part::None),
    ("global.editor", Part::None),
    (
        "global.workspace_type",
        Part::Unheeded(|value| !value.eq_ignore_ascii_case("application"), "only applications are released"),
    ),
    ("global.sc", Part::Unheeded(|_| true, COMMIT)),
    (
        "global.include_git_submodules",
        Part::Unheeded(|value| value == "false", "what is checked out of them ships all the same"),
    ),
    ("global.no-verify-ssl", Part::Unheeded(|value| value == "true", "certificates are verified all the same")),
    ("global.repository", Part::Unheeded(|_| true, CODECOMMIT)),
    ("global.branch", Part::Unheeded(|_| true, CODECOMMIT)),
    ("branch-defaults.*.environment", Part::Used),
    ("branch-defaults.*.default_region", Part::Used),
    ("branch-defaults.*.profile", Part::Used),
    ("branch-defaults.*.default_platform", Part::None),
    ("branch-defaults.*.default_ec2_keyname", Part::None),
    ("branch-defaults.*.group_suffix", Part::None),
    ("environment-defaults.*.branch", Part::Unheeded(|_| true, CODECOMMIT)),
    ("environment-defaults.*.repository", Part::Unheeded(|_| true, CODECOMMIT)),
    ("deploy.artifact", Part::Used),
];
const COMMIT: &str =
    "the EB CLI ships the last commit; here the work tree ships, unless `source` in `[bundle]` says otherwise";
const CODECOMMIT: &str = "the EB CLI takes the code from CodeCommit; here it is packed, and goes to S3";

/// A key by which the EB CLI acts and a release does not, and what happens instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unheeded {
    pub key: String,
    pub instead: &'static str,
}

/// The keys of a file that a release does not act by, though the EB CLI does, or that nobody knows.
pub fn unheeded(text: &str) -> Result<Vec<Unheeded>, yaml::Error> {
    let Some(root) = yaml::parse(text)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (section, _, node) in root.mapping().into_iter().flat_map(|sections| sections.named()) {
        let named = matches!(section, "branch-defaults" | "environment-defaults");
        for (name, _, node) in node.mapping().into_iter().flat_map(|keys| keys.named()) {
            if named {
                for (key, _, node) in node.mapping().into_iter().flat_map(|keys| keys.named()) {
                    heed(format!("{section}.{name}.{key}"), &format!("{section}.*.{key}"), node, &mut found);
                }
            } else {
                heed(format!("{section}.{name}"), &format!("{section}.{name}"), node, &mut found);
            }
        }
    }
    Ok(found)
}

fn heed(key: String, known: &str, node: &Node, found: &mut Vec<Unheeded>) {
    let value = node.as_str().unwrap_or_default();
    if node.is_null() || value.is_empty() {
        return;
    }
    match KEYS.iter().find(|(name, _)| *name == known).map(|(_, part)| part) {
        Some(Part::Used | Part::None) => {}
        Some(Part::Unheeded(when, instead)) if when(value) => found.push(Unheeded { key, instead }),
        Some(Part::Unheeded(..)) => {}
        None => found.push(Unheeded { key, instead: "nobody here knows what it is for" }),
    }
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
    fn what_a_release_does_not_act_by_is_known() {
        let text = "branch-defaults:\n  main:\n    environment: e\n    group_suffix: null\n    colour: red\n\
                    global:\n  application_name: a\n  sc: git\n  include_git_submodules: true\n  repository: null\n  \
                    workspace_type: Application\n  no-verify-ssl: true\ndeploy:\n  artifact: a.zip\n";
        let keys: Vec<String> = unheeded(text).unwrap().into_iter().map(|found| found.key).collect();
        assert_eq!(keys, ["branch-defaults.main.colour", "global.sc", "global.no-verify-ssl"]);
        assert_eq!(unheeded("").unwrap(), []);
    }

    #[test]
    fn an_empty_file_says_nothing() {
        assert_eq!(parse(""), Ok(EbConfig::default()));
        assert_eq!(parse("global: [x]\nbranch-defaults: y\n"), Ok(EbConfig::default()));
    }
}
