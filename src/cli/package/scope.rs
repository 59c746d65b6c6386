//! What ships, as the command line and the project say it.

use clap::Args;

use crate::bundle::{IgnoreMode, Scope};
use crate::project::{Project, ScopeFlags};
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
    /// Let folders of `[bundle.include]` lie outside of the repository (`BEANSPROUT_INCLUDE_OUTSIDE=1`)
    #[arg(long)]
    include_outside: bool,
}

impl ScopeArgs {
    pub(crate) fn scope(&self, project: &Project, world: &World) -> Scope {
        project.scope(&self.flags(), world)
    }

    fn flags(&self) -> ScopeFlags {
        ScopeFlags {
            source: self.source.clone(),
            ignore: self.ignore,
            global_excludes: self.global_excludes,
            allow: self.allow.clone(),
            include_outside: self.include_outside,
        }
    }
}
