//! Everything in a project that takes part in a deployment, merged as Elastic Beanstalk merges it.

use super::config_file::{Command, ConfigFile};
use super::eb_config::EbConfig;
use super::encoding;
use super::evidence::Evidence;
use super::platforms::{Family, Platform};
use super::procfile::{self, Procfile};
use super::requirements::Source;
use super::tree::{Tree, file_name};
use crate::known::Known;

/// The directory name whose `.config` files are read, at any depth.
pub const EXTENSIONS: &str = ".ebextensions";

/// What Elastic Beanstalk looks for at the top of a bundle.
pub(crate) const LOOKED_FOR: [&str; 11] = [
    EXTENSIONS,
    ".platform",
    "Procfile",
    "Buildfile",
    "cron.yaml",
    "env.yaml",
    "Dockerfile",
    "Dockerrun.aws.json",
    "docker-compose.yml",
    "docker-compose.yaml",
    "requirements.txt",
];

/// The options of the daemon that takes a worker's messages out of its queue.
pub const DAEMON: &str = "aws:elasticbeanstalk:sqsd";

#[derive(Debug, Clone)]
pub struct Customizations {
    pub family: Family,
    /// What the EB CLI's file says of it, where it says something.
    pub platform: Option<Platform>,
    /// What the family is taken from, where nothing names it.
    pub evidence: Option<Evidence>,
    /// In the order in which they are read: that of their paths.
    pub configs: Vec<ConfigFile>,
    pub procfile: Option<Procfile>,
    pub buildfile: Option<Procfile>,
    /// The file that Python's dependencies come from: the first that exists.
    pub dependencies: Option<Source>,
    /// Scripts of `.platform/hooks` and `.platform/confighooks`, in the order in which they run.
    pub hooks: Vec<Hook>,
    /// Files under `.platform/nginx` and `.platform/httpd`.
    pub proxy: Vec<String>,
    /// The file that describes containers, on the platforms of Docker and ECS.
    pub containers: Option<String>,
    /// There is a `cron.yaml`, or an option for the queue's daemon, so this is for a worker environment.
    pub worker: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    pub path: String,
    pub moment: Moment,
    /// From `.platform/confighooks`: runs when only the configuration changes.
    pub config: bool,
    /// Does it ask whether its instance is the leader?
    pub asks_leader: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Prebuild,
    Predeploy,
    Postdeploy,
}

impl Moment {
    pub const ALL: [Self; 3] = [Self::Prebuild, Self::Predeploy, Self::Postdeploy];

    pub fn name(self) -> &'static str {
        match self {
            Self::Prebuild => "prebuild",
            Self::Predeploy => "predeploy",
            Self::Postdeploy => "postdeploy",
        }
    }
}

/// A command of one of the `.config` files.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a, T> {
    pub file: &'a ConfigFile,
    pub entry: &'a T,
}

impl Customizations {
    /// For the platform that the EB CLI's file names, else for the one whose descriptors are there.
    pub fn read(tree: &Tree) -> Self {
        let platform = EbConfig::of(tree).platform();
        let configs = configs(tree);
        let (family, evidence) = match platform.as_ref().map(|platform| &platform.family) {
            Some(Known::Yes(family)) => (*family, None),
            Some(Known::No) => (Family::Other, None),
            Some(Known::Unknown(_)) | None => {
                let evidence = Evidence::of(tree, &configs);
                (evidence.family, Some(evidence))
            }
        };
        Self { platform, evidence, ..Self::with(tree, family, configs) }
    }

    pub fn for_family(tree: &Tree, family: Family) -> Self {
        Self::with(tree, family, configs(tree))
    }

    fn with(tree: &Tree, family: Family, configs: Vec<ConfigFile>) -> Self {
        let lines = |path: &str| {
            let text = encoding::decode(tree.content(path)?).ok()?.text;
            Some(procfile::parse(text))
        };
        let dependencies = Source::ALL.into_iter().find(|source| tree.is_file(source.file()));
        let containers: &[&str] = match family {
            Family::Python | Family::Other => &[],
            Family::Docker => &["docker-compose.yml", "docker-compose.yaml", "Dockerrun.aws.json", "Dockerfile"],
            Family::Ecs => &["Dockerrun.aws.json"],
        };
        let proxy = |dir: &str| tree.under(dir).filter(|(path, _)| tree.is_file(path)).map(|(path, _)| path.to_owned());
        let mut used = configs.iter().filter(|file| file.is_used()).flat_map(|file| &file.option_settings);
        Self {
            family,
            platform: None,
            evidence: None,
            worker: tree.is_file("cron.yaml") || used.any(|setting| setting.namespace.value == DAEMON),
            configs,
            procfile: lines("Procfile"),
            buildfile: lines("Buildfile"),
            dependencies: dependencies.filter(|_| family == Family::Python),
            hooks: hooks(tree),
            proxy: proxy(".platform/nginx").chain(proxy(".platform/httpd")).collect(),
            containers: containers.iter().find(|path| tree.is_file(path)).map(|&path| path.to_owned()),
        }
    }

    /// `commands` of all files in the order in which they run: by name, whatever file they are in.
    pub fn commands(&self) -> Vec<Origin<'_, Command>> {
        self.merged(|file| &file.commands, |command| &command.name.value)
    }

    /// `container_commands` of all files in the order in which they run.
    pub fn container_commands(&self) -> Vec<Origin<'_, Command>> {
        self.merged(|file| &file.container_commands, |command| &command.name.value)
    }

    /// Entries of all files by name in code point order. Of two with one name the one in the later file is taken
    /// (which of them Elastic Beanstalk takes is not documented).
    pub fn merged<'a, T>(
        &'a self,
        section: impl Fn(&'a ConfigFile) -> &'a Vec<T>,
        name: impl Fn(&'a T) -> &'a str,
    ) -> Vec<Origin<'a, T>> {
        let mut by_name = std::collections::BTreeMap::new();
        for file in self.used() {
            for entry in section(file) {
                by_name.insert(name(entry), Origin { file, entry });
            }
        }
        by_name.into_values().collect()
    }

    /// Do services of `docker-compose.yml` take the place of the platform's own container and proxy?
    pub(crate) fn composes(&self) -> bool {
        self.containers.as_deref().is_some_and(|path| path.starts_with("docker-compose"))
    }

    /// The files that are not skipped.
    pub fn used(&self) -> impl Iterator<Item = &ConfigFile> {
        self.configs.iter().filter(|file| file.is_used())
    }

    /// The value that the files give an option: that of the file read last.
    pub fn option(&self, namespace: &str, name: &str) -> Option<&str> {
        let settings = self.used().flat_map(|file| &file.option_settings);
        settings
            .filter(|setting| setting.namespace.value == namespace && setting.name.value == name)
            .last()
            .map(|setting| setting.value.value.as_str())
    }
}

/// Every `*.config` directly in a directory named `.ebextensions`, at any depth, by path.
fn configs(tree: &Tree) -> Vec<ConfigFile> {
    tree.iter()
        .filter(|(path, _)| path.ends_with(".config") && path.rsplit('/').nth(1) == Some(EXTENSIONS))
        .filter_map(|(path, _)| Some(ConfigFile::parse(path, tree.content(path)?)))
        .collect()
}

fn hooks(tree: &Tree) -> Vec<Hook> {
    let mut hooks = Vec::new();
    for (dir, config) in [("hooks", false), ("confighooks", true)] {
        for moment in Moment::ALL {
            let dir = format!(".platform/{dir}/{}", moment.name());
            let scripts = tree.files_in(&dir).filter(|(path, _)| file_name(path) != ".gitkeep");
            let asks = |path: &str| tree.text(path).is_some_and(|text| text.contains("EB_IS_COMMAND_LEADER"));
            hooks.extend(scripts.map(|(path, _)| Hook {
                path: path.to_owned(),
                moment,
                config,
                asks_leader: asks(path),
            }));
        }
    }
    hooks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_all_files_run_by_name() {
        let command = |names: &str| format!("commands:\n  {names}: {{command: 'true'}}\n");
        let tree = Tree::default()
            .file(".ebextensions/00.config", command("02_second"))
            .file(".ebextensions/99.config", command("01_first") + "  10_third: {command: 'true'}\n")
            .file(".ebextensions/nope.txt", command("00_not"))
            .file("app/.ebextensions/x.config", command("2_last"));
        let customizations = Customizations::read(&tree);
        let names: Vec<_> = customizations.commands().iter().map(|origin| origin.entry.name.value.as_str()).collect();
        assert_eq!(names, ["01_first", "02_second", "10_third", "2_last"]);
    }

    #[test]
    fn a_file_with_an_unknown_section_takes_no_part() {
        let tree = Tree::default().file(".ebextensions/a.config", "commands: {a: {command: x}}\nComands: {}\n");
        assert!(Customizations::read(&tree).commands().is_empty());
    }

    #[test]
    fn the_last_file_sets_an_option() {
        let set = |value: &str| format!("option_settings:\n  aws:elasticbeanstalk:command: {{Timeout: {value}}}\n");
        let tree = Tree::default().file(".ebextensions/b.config", set("2")).file(".ebextensions/a.config", set("1"));
        let customizations = Customizations::read(&tree);
        assert_eq!(customizations.option("aws:elasticbeanstalk:command", "Timeout"), Some("2"));
    }

    #[test]
    fn the_first_dependency_file_is_used() {
        let tree = Tree::default().file("Pipfile", "").file("Pipfile.lock", "");
        assert_eq!(Customizations::read(&tree).dependencies, Some(Source::PipfileLock));
    }
}
