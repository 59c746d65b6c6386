//! What ships, as the command line and the project say it.

use std::path::PathBuf;

use clap::Args;

use crate::bundle::{Checkout, IgnoreMode, Include, Scope, Source};
use crate::project::Project;
use crate::world::World;

/// What ships, as the command line says it.
#[derive(Debug, Default, Args)]
pub(crate) struct ScopeArgs {
    /// Where the content comes from: `worktree`, `index` or a git revision
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// Whose meaning of `.ebignore` holds
    #[arg(long, value_name = "MODE", value_enum)]
    ignore: Option<IgnoreMode>,
    /// Obey the user's own `core.excludesFile` too
    #[arg(long)]
    global_excludes: bool,
    /// Let files matching PATTERN ship although they look like secrets
    #[arg(long, value_name = "PATTERN")]
    allow: Vec<String>,
}

impl ScopeArgs {
    /// The command line first, then the project's settings, then the defaults.
    pub(crate) fn scope(&self, project: &Project, world: &World) -> Scope {
        let bundle = &project.config.bundle;
        let source = self.source.as_ref().or(bundle.source.as_ref());
        let include = bundle.include.iter().map(|(at, dir)| Include { at: at.clone(), dir: project.root.join(dir) });
        Scope {
            source: source.map_or(Source::Worktree, |text| Source::parse(text)),
            include: include.collect(),
            ignore: self.ignore.unwrap_or_default(),
            global_excludes: self.global_excludes.then(|| global_excludes(project, world)).flatten(),
            exclude: bundle.exclude.clone(),
            written: world.outputs.clone(),
            allow: [bundle.allow.as_slice(), self.allow.as_slice()].concat(),
            ..Scope::of(&project.root)
        }
    }
}

/// Where git looks for the user's own excludes.
fn global_excludes(project: &Project, world: &World) -> Option<PathBuf> {
    let configured = Checkout::global_excludes(&project.root);
    let config = || world.var("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(world.home()?.join(".config")));
    configured.or_else(|| Some(config()?.join("git/ignore")))
}
