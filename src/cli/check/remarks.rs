//! Remarks: what the packager would say of what ships, as the rules take it.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::bundle::{
    CommittedEnvironment, LeftOut, Note, PackOptions, Plan, Problem, ProblemKind, Reason, Reviewed, Trust,
};
use crate::check::{Remark, Weight};
use crate::fault::Failure;
use crate::project::Project;
use crate::ui::{Progress, count};
use crate::world::World;

/// So many links out of one folder are one remark.
const MANY_LINKS: usize = 5;

pub(super) fn remarks(project: &Project, plan: &Plan, world: &World) -> Result<Vec<Remark>, Failure> {
    let bundles = project.state().and_then(|state| state.folder("bundles")).ok();
    let options = PackOptions {
        progress: &Progress::hidden(),
        interrupt: &world.interrupt,
        max_bytes: u64::MAX,
        cache: bundles.as_deref().map(|dir| (dir, Trust::Believe)),
    };
    let Reviewed { problems, notes } = plan.review(&options)?;
    let secrets = notes.iter().filter_map(|note| match note {
        Note::PossibleSecret { path, kind } => Some(remark(path.as_str(), &kind.sentence(), Weight::Warned)),
        _ => None,
    });
    let environments = plan.committed_environments();
    let ignored = plan.left_out().iter().filter_map(ignored);
    Ok(environments.iter().map(left_out).chain(refused(&problems)).chain(secrets).chain(ignored).collect())
}

fn remark(path: &str, what: &dyn Display, weight: Weight) -> Remark {
    let what = what.to_string();
    let names = [format!("`{path}` "), format!("`{}` ", path.escape_debug())];
    let said = names.iter().find_map(|name| what.strip_prefix(name)).unwrap_or(&what).to_owned();
    Remark { path: path.to_owned(), what: said, weight }
}

fn left_out(environment: &CommittedEnvironment) -> Remark {
    let files = environment.files.map_or_else(String::new, |files| format!(" with {}", count(files, "file")));
    let what = format!("is a virtual environment in git{files}");
    remark(&environment.path, &what, Weight::Environment)
}

/// What a rule of git's leaves out, which another tool may not read.
fn ignored(left_out: &LeftOut) -> Option<Remark> {
    let LeftOut { path, reason } = left_out;
    let Reason::Rule { file, .. } = reason else { return None };
    let what = reason.to_string();
    (!file.ends_with(".ebignore")).then(|| Remark {
        path: path.trim_end_matches('/').to_owned(),
        what,
        weight: Weight::Ignored,
    })
}

/// What is refused; many links out of one folder at the top are said once.
fn refused(problems: &[Problem]) -> Vec<Remark> {
    let mut links: BTreeMap<&str, Vec<&Problem>> = BTreeMap::new();
    let mut remarks = Vec::new();
    for problem in problems {
        match (&problem.kind, problem.path.split_once('/')) {
            (ProblemKind::LinkOutside { .. }, Some((top, _))) => links.entry(top).or_default().push(problem),
            _ => remarks.push(remark(&problem.path, problem, Weight::Refused)),
        }
    }
    for (top, links) in links {
        match links.as_slice() {
            [first, ..] if links.len() >= MANY_LINKS => {
                let what = format!("has {} out of the bundle: {first}", count(links.len(), "link"));
                remarks.push(remark(top, &what, Weight::Refused));
            }
            few => remarks.extend(few.iter().map(|problem| remark(&problem.path, problem, Weight::Refused))),
        }
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_links_of_a_folder_are_one_remark() {
        let link = |path: &str| Problem {
            path: path.to_owned(),
            kind: ProblemKind::LinkOutside { target: "/usr/lib/x".to_owned() },
        };
        let said = |paths: &[&str]| {
            let problems: Vec<Problem> = paths.iter().map(|path| link(path)).collect();
            refused(&problems).iter().map(|remark| format!("{} {}", remark.path, remark.what)).collect::<Vec<_>>()
        };
        assert_eq!(said(&["x"]), ["x links to `/usr/lib/x`, out of the bundle"]);
        assert_eq!(said(&["env/a", "env/b", "c"]).len(), 3);
        assert_eq!(
            said(&["env/a", "env/b/c", "env/d", "env/e", "env/f", "c"]),
            [
                "c links to `/usr/lib/x`, out of the bundle",
                "env has 5 links out of the bundle: `env/a` links to `/usr/lib/x`, out of the bundle",
            ]
        );
    }
}
