//! Where a project is, and what it says of itself.
//!
//! `beansprout.toml` is for people. Machine state lives in `.beansprout/`, which git ignores and no bundle contains.

mod config;

use std::path::{Path, PathBuf};

use crate::bundle::{self, Checkout, IgnoreMode, Include, Plan, Scope, Source};
use crate::fault::{Exit, Fault};
use crate::file::{self, StateFolder};
use crate::world::World;

pub use config::{Config, EnvironmentSection, Error, OnFindings, PruneSection, Suppression};

/// The file that makes a folder a project.
pub const FILE: &str = file::PROJECT;
/// What the field `schema` of a release's file says.
pub const RELEASE: &str = "beansprout.release/1";

/// A folder, and its settings if it has any.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder with `beansprout.toml`, or where the command acts if there is none.
    pub root: PathBuf,
    /// Was there a `beansprout.toml`?
    pub configured: bool,
    pub config: Config,
}

/// Names at the top of what ships by which Elastic Beanstalk, or one of its platforms, knows what to run.
const SIGNS: [&str; 22] = [
    FILE,
    "manage.py",
    "Procfile",
    "Buildfile",
    ".ebextensions",
    ".platform",
    "Dockerfile",
    "docker-compose.yml",
    "docker-compose.yaml",
    "Dockerrun.aws.json",
    "requirements.txt",
    "Pipfile",
    "pyproject.toml",
    "application.py",
    "cron.yaml",
    "package.json",
    "Gemfile",
    "composer.json",
    "index.php",
    "go.mod",
    "pom.xml",
    "aws-windows-deployment-manifest.json",
];

/// Nothing in the folder says that it is a project.
#[derive(Debug, thiserror::Error)]
#[error("`{}` holds no project: nothing there tells Elastic Beanstalk what to run", root.display())]
pub struct NoProject {
    root: PathBuf,
    /// A folder below it that holds one.
    deeper: Option<String>,
}

impl Fault for NoProject {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some(match &self.deeper {
            Some(folder) => format!("there is one in `{folder}`: `-C {folder}` looks there"),
            None => "go to the folder with `manage.py`, or begin one with `beansprout new DIR`".to_owned(),
        })
    }
}

/// Has a file the content of an earlier output?
pub type IsOutput = fn(&[u8]) -> bool;

/// What a command line says of what ships.
#[derive(Debug, Clone, Default)]
pub struct ScopeFlags {
    /// `worktree`, `index` or a git revision.
    pub source: Option<String>,
    pub ignore: Option<IgnoreMode>,
    /// Obey the user's own `core.excludesFile` too.
    pub global_excludes: bool,
    /// Patterns of files that may ship although they look like secrets.
    pub allow: Vec<String>,
    /// Let folders of `[bundle.include]` lie outside of the repository.
    pub include_outside: bool,
}

impl ScopeFlags {
    /// The work tree, whatever the project's settings say: for whoever writes there.
    pub fn worktree() -> Self {
        Self { source: Some(Source::Worktree.to_string()), ..Self::default() }
    }
}

impl Project {
    /// The project that `world.dir` is in: the nearest folder upward with a `beansprout.toml`, else the folder itself.
    pub fn load(world: &World) -> Result<Self, Error> {
        let found = world.dir.ancestors().find(|dir| dir.join(FILE).is_file());
        let Some(root) = found else {
            return Ok(Self { root: world.dir.clone(), configured: false, config: Config::default() });
        };
        let config = Config::read(&root.join(FILE))?;
        Ok(Self { root: root.to_owned(), configured: true, config })
    }

    /// What the project is called: in its settings, or the name of its folder.
    pub fn name(&self) -> String {
        let folder = || self.root.file_name().map(|name| name.to_string_lossy().into_owned());
        self.config.project.name.clone().or_else(folder).unwrap_or_else(|| "app".to_owned())
    }

    /// The Elastic Beanstalk application that this project's versions belong to.
    pub fn application(&self) -> String {
        self.config.release.application.clone().unwrap_or_else(|| self.name())
    }

    /// Is this a project, as far as what ships of it shows?
    pub fn found(&self, plan: &Plan) -> Result<(), NoProject> {
        if self.configured || SIGNS.iter().any(|name| plan.has(name)) {
            return Ok(());
        }
        let signs = plan.entries().iter().filter_map(|entry| entry.path().as_str().rsplit_once('/'));
        let deeper = signs.filter(|(_, name)| SIGNS[1..3].contains(name)).map(|(folder, _)| folder);
        let deeper = deeper.min_by_key(|folder| folder.matches('/').count()).map(str::to_owned);
        Err(NoProject { root: self.root.clone(), deeper })
    }

    /// What ships: the command line first, then the project's settings, then the defaults.
    pub fn scope(&self, flags: &ScopeFlags, world: &World) -> Scope {
        let bundle = &self.config.bundle;
        let source = flags.source.as_ref().or(bundle.source.as_ref());
        let include = bundle.include.iter().map(|(at, dir)| Include { at: at.clone(), dir: self.root.join(dir) });
        Scope {
            source: source.map_or(Source::Worktree, |text| Source::parse(text)),
            include: include.collect(),
            include_outside: flags.include_outside
                || world.var(bundle::INCLUDE_OUTSIDE).is_some_and(|value| value != "0"),
            ignore: flags.ignore.unwrap_or_default(),
            global_excludes: flags.global_excludes.then(|| global_excludes(world)).flatten(),
            exclude: bundle.exclude.clone(),
            written: world.outputs.clone(),
            allow: [bundle.allow.as_slice(), flags.allow.as_slice()].concat(),
            allow_secret: bundle.allow_secret.clone(),
            secrets: bundle.secrets,
            ..Scope::of(&self.root)
        }
    }

    /// Refuse outputs that would replace a file of the project, but no earlier output, which its content shows: each comes with
    /// the question. The work tree is read for all of them once, unless `read` is of it.
    pub fn refuse_replacing(
        &self,
        outputs: &[(&Path, IsOutput)],
        read: Option<&Plan>,
        world: &World,
    ) -> Result<(), bundle::Error> {
        let mut there = outputs.iter().filter(|(output, _)| output.exists()).peekable();
        if there.peek().is_none() {
            return Ok(());
        }
        let mut refuse =
            |plan: &Plan| there.try_for_each(|(output, is_output)| plan.refuse_replacing(output, is_output));
        match read.filter(|plan| *plan.source() == Source::Worktree) {
            Some(plan) => refuse(plan),
            None => refuse(&Plan::read(&self.scope(&ScopeFlags::worktree(), world))?),
        }
    }

    /// The folder of its machine state, if what is there is one.
    pub fn state(&self) -> Result<StateFolder, file::Error> {
        StateFolder::of(&self.root)
    }
}

/// Where git looks for the user's own excludes.
fn global_excludes(world: &World) -> Option<PathBuf> {
    let configured = Checkout::global_excludes();
    let config = || world.var("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(world.home()?.join(".config")));
    configured.or_else(|| Some(config()?.join("git/ignore")))
}
