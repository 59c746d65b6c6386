//! What the packager would refuse right after: found before anything is written, and left out where the site cannot need it.

use crate::adopt::Note;
use crate::bundle::{self, PackOptions, Problem, ProblemKind};
use crate::project::{Project, ScopeFlags};
use crate::secret::Kind;
use crate::ui::Progress;
use crate::world::World;

/// Rounds of looking: names come first, contents after what they hid.
const ROUNDS: usize = 4;

/// Patterns of what has to be left out, beside `known` ones, and what only people can decide.
pub(super) fn refused(project: &Project, known: &[String], world: &World) -> (Vec<String>, Vec<Note>) {
    let mut exclude: Vec<String> = Vec::new();
    let mut notes: Vec<Note> = Vec::new();
    for _ in 0..ROUNDS {
        let mut scope = project.scope(&ScopeFlags::worktree(), world);
        scope.exclude.extend(known.iter().chain(&exclude).cloned());
        scope.exclude.extend(notes.iter().filter_map(|note| note.path.as_ref()).map(|path| format!("/{path}")));
        let progress = Progress::hidden();
        let options =
            PackOptions { progress: &progress, interrupt: &world.interrupt, max_bytes: u64::MAX, cache: None };
        let problems = match bundle::Plan::read(&scope).and_then(|plan| plan.manifest(&options)) {
            Err(bundle::Error::Problems { problems }) => problems,
            _ => break,
        };
        let before = exclude.len() + notes.len();
        for problem in problems {
            if goes(&problem) {
                exclude.push(format!("/{}", problem.path));
            } else {
                notes.push(note(&problem));
            }
        }
        if exclude.len() + notes.len() == before {
            break;
        }
    }
    (exclude, notes)
}

/// Is it a file that a site does without: data, or a secret of a desk? A module with a key in it is not.
fn goes(problem: &Problem) -> bool {
    let code = [".py", ".html", ".js", ".css"].iter().any(|end| problem.path.ends_with(end));
    match problem.kind {
        ProblemKind::Secret {
            kind:
                Kind::EnvironmentFile
                | Kind::KeyFile
                | Kind::CredentialsFile
                | Kind::StateFile
                | Kind::History
                | Kind::Database,
            ..
        } => true,
        ProblemKind::Secret { kind: Kind::PrivateKey, .. } => !code,
        _ => false,
    }
}

fn note(problem: &Problem) -> Note {
    let fix = match problem.kind {
        ProblemKind::Secret { .. } => {
            "take it out of the file, or say `allow = [\"/…\"]` in `[bundle]` of `beansprout.toml` if it is no real key"
        }
        _ => "rename it, or leave it out with `exclude` in `[bundle]` of `beansprout.toml`",
    };
    Note {
        rule: None,
        path: Some(problem.path.clone()),
        line: None,
        message: format!("`beansprout package` refuses the bundle: {problem}"),
        fix: Some(fix.to_owned()),
    }
}
