//! `stack new`, `check` and `test`: for those who write a stack.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::as_stack;
use crate::cli::check;
use crate::cli::origin::Origin;
use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::project::Project;
use crate::stack::{self, Finding, Plan, Tree, review};
use crate::ui::{self, Ui, quoted, quoted_path};
use crate::world::World;

/// Begin a stack of your own
///
/// Writes a small stack that works, with every kind of thing that `stack.toml` can say explained where it stands.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout stack new ./my-stack")]
pub(crate) struct NewStackArgs {
    /// The folder to make
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Find mistakes in a stack
///
/// Unknown names, bad conditions, questions that change nothing, files that are never written; then every rendering of
/// the matrix is held to `beansprout check`. Exits with 1 if there is anything to say.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout stack check ./my-stack")]
pub(crate) struct CheckStackArgs {
    /// The stack
    #[arg(value_name = "NAME|DIR|GIT|ARCHIVE")]
    stack: String,
}

/// Compare a stack's renderings with those that were blessed
///
/// `golden/` in the stack's folder has the answers of each row of the matrix and its rendering as a patch: the first from
/// nothing, every other one from the first. Exits with 1 if a rendering differs.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout stack test ./my-stack --bless\n  beansprout stack test ./my-stack --rows 5"
)]
pub(crate) struct TestStackArgs {
    /// The stack's folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Only the first rows of the matrix, which hold most pairs of answers
    #[arg(long, value_name = "NUMBER")]
    rows: Option<std::num::NonZeroUsize>,
    /// Show what differs, as a diff of the two renderings
    #[arg(long, conflicts_with = "bless")]
    diff: bool,
    /// Write the renderings of today to `golden/`
    #[arg(long)]
    bless: bool,
}

pub(crate) fn new(args: &NewStackArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let target = world.resolve(&args.folder);
    stack::check_empty(&target)?;
    let plan = Plan::verbatim(&Tree::embedded("scaffold/"))?;
    stack::create(&plan, &target, &world.interrupt)?;
    let shown = as_stack(&args.folder);
    ui.say(format_args!("a stack is in `{shown}`; next: `beansprout stack check {}`", quoted(&shown)));
    ui.answer(&Begun { files: plan.iter().map(|(path, _)| path.to_string()).collect() });
    Ok(Exit::Done)
}

#[derive(Debug, Serialize)]
struct Begun {
    files: Vec<String>,
}

impl ui::Answer for Begun {
    const SCHEMA: &str = "stack-new/1";

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.iter().try_for_each(|file| writeln!(f, "{file}"))
    }
}

pub(crate) fn check(args: &CheckStackArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let Origin { stack, .. } = Origin::open(&args.stack, &world.dir, world)?;
    let (rows, mut remarks) = review(&stack, &stack.scope("site"));
    let temp = file::temporary_folder()?;
    for (number, row) in rows.iter().enumerate() {
        let root = temp.path().join(number.to_string());
        stack::create(&row.plan, &root, &world.interrupt)?;
        let mut inside = world.clone();
        inside.dir = root;
        let project = Project::load(&inside)?;
        let ships = check::shipped(&project, &inside)?;
        for (path, _) in row.plan.iter().filter(|(path, _)| row.plan.masked(path).is_some()) {
            if ships.get(&path.to_string()).is_some() {
                let remark = Finding::new(path.to_string(), "holds a secret and would ship: name it in `.gitignore`");
                if !remarks.iter().any(|known| known.is_like(&remark)) {
                    remarks.push(remark);
                }
            }
        }
        for finding in check::report(&project, &inside)?.findings {
            let text = format!("{}: {}", finding.rule, finding.message);
            let remark = Finding { row: Some(number + 1), ..Finding::new(finding.path.to_string(), text) };
            // The same mistake shows in many rows.
            if !remarks.iter().any(|known| known.is_like(&remark)) {
                remarks.push(remark);
            }
        }
    }
    let clean = remarks.is_empty();
    ui.say(format_args!("{}, {}", ui::count(rows.len(), "rendering"), ui::count(remarks.len(), "remark")));
    ui.answer(&Reviewed { stack: stack.manifest.stack.name, renderings: rows.len(), remarks });
    Ok(if clean { Exit::Done } else { Exit::Findings })
}

#[derive(Debug, Serialize)]
struct Reviewed {
    stack: String,
    renderings: usize,
    remarks: Vec<Finding>,
}

impl ui::Answer for Reviewed {
    const SCHEMA: &str = "stack-check/1";
}

impl fmt::Display for Reviewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.remarks.iter().try_for_each(|remark| write!(f, "{remark}"))
    }
}

/// Folder of blessed renderings, below the stack's own.
const GOLDEN: &str = "golden";

pub(crate) fn test(args: &TestStackArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let folder = world.resolve(&args.folder);
    let stack = Origin::in_folder(&folder, &args.folder.display().to_string(), world)?.stack;
    let (mut rows, findings) = review(&stack, &stack.scope("site"));
    if rows.is_empty() {
        return Err(Error::Broken { folder: args.folder.clone(), mistakes: findings.len() }.into());
    }
    let golden = folder.join(GOLDEN);
    let blessed = if golden.is_dir() { Tree::folder(&golden)? } else { Tree::default() };
    // As many as were blessed, where nobody says how many.
    let kept = blessed.iter().filter(|(name, _)| name.ends_with(".toml")).count();
    let all = if kept == 0 { rows.len() } else { kept };
    rows.truncate(args.rows.map_or(all, std::num::NonZeroUsize::get));
    let mut now: BTreeMap<String, String> = BTreeMap::new();
    for (number, (row, patch)) in rows.iter().zip(stack::patches(&rows)).enumerate() {
        let name = |kind: &str| format!("{:03}.{kind}", number + 1);
        now.insert(name("toml"), row.answers.to_toml(&stack.manifest).to_string());
        now.insert(name("diff"), patch.into_values().collect());
    }
    if args.bless {
        let mut plan = Plan::default();
        for (name, text) in &now {
            plan.add_content(name, text.clone().into_bytes())?;
        }
        bless(&plan, &golden, world)?;
    }
    let blessed = if golden.is_dir() { Tree::folder(&golden)? } else { Tree::default() };
    if blessed.is_empty() {
        return Err(Error::NothingBlessed { folder: args.folder.clone() }.into());
    }
    let mut differences = differences(&blessed, &now);
    if !args.diff {
        differences.iter_mut().for_each(|difference| difference.diff = None);
    }
    let same = differences.is_empty();
    ui.say(format_args!("{}, {}", ui::count(rows.len(), "rendering"), ui::count(differences.len(), "difference")));
    ui.answer(&Tested { renderings: rows.len(), differences });
    Ok(if same { Exit::Done } else { Exit::Findings })
}

/// Differences from the blessed renderings, by their files.
fn differences(blessed: &Tree, now: &BTreeMap<String, String>) -> Vec<Difference> {
    let before: BTreeMap<&str, String> =
        blessed.iter().map(|(name, bytes)| (name, String::from_utf8_lossy(bytes).into_owned())).collect();
    let names: BTreeSet<&str> = before.keys().copied().chain(now.keys().map(String::as_str)).collect();
    let mut found = Vec::new();
    for name in names {
        let (old, new) = (before.get(name), now.get(name));
        let kind = match (old, new) {
            (None, _) => Kind::New,
            (_, None) => Kind::Gone,
            (Some(old), Some(new)) if old == new => continue,
            (Some(_), Some(_)) => Kind::Other,
        };
        match (name.strip_suffix(".diff"), old, new) {
            // Which files of it, rather than that it is another.
            (Some(row), Some(old), Some(new)) => {
                let (old, new) = (stack::read_patch(old), stack::read_patch(new));
                let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                for path in paths {
                    let kind = match (old.get(path), new.get(path)) {
                        (None, _) => Kind::New,
                        (_, None) => Kind::Gone,
                        (old, new) if old == new => continue,
                        _ => Kind::Other,
                    };
                    let side = |patch: &stack::Patch| patch.get(path).cloned().unwrap_or_default();
                    let diff = Some(stack::diff_texts(["blessed", "now"], path, &side(&old), &side(&new)));
                    found.push(Difference { path: format!("{row}/{path}"), kind, diff });
                }
            }
            _ => {
                let side = |text: Option<&String>| text.cloned().unwrap_or_default();
                let diff = Some(stack::diff_texts(["blessed", "now"], name, &side(old), &side(new)));
                found.push(Difference { path: name.to_owned(), kind, diff });
            }
        }
    }
    found
}

/// Replace the golden folder: the new one is whole before the old one goes.
fn bless(plan: &Plan, golden: &Path, world: &World) -> Result<(), Failure> {
    let fresh = golden.with_extension("new");
    let failed = |source| Error::Bless { path: golden.to_owned(), source };
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh).map_err(failed)?;
    }
    stack::create(plan, &fresh, &world.interrupt)?;
    if golden.exists() {
        std::fs::remove_dir_all(golden).map_err(failed)?;
    }
    Ok(file::rename(&fresh, golden)?)
}

#[derive(Debug, Serialize)]
struct Tested {
    renderings: usize,
    differences: Vec<Difference>,
}

#[derive(Debug, Serialize)]
struct Difference {
    path: String,
    kind: Kind,
    /// Between the two patches, with `--diff`.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    New,
    Other,
    Gone,
}

impl ui::Answer for Tested {
    const SCHEMA: &str = "stack-test/1";
}

impl fmt::Display for Tested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.differences.iter().try_for_each(|difference| {
            let sign = match difference.kind {
                Kind::New => '+',
                Kind::Other => '~',
                Kind::Gone => '-',
            };
            writeln!(f, "{sign} golden/{}", difference.path)?;
            difference.diff.as_ref().map_or(Ok(()), |diff| write!(f, "{diff}"))
        })
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("failed to write `{}`", path.display())]
    Bless { path: PathBuf, source: std::io::Error },
    #[error("`{}` cannot be rendered: {}", folder.display(), ui::count(*mistakes, "mistake"))]
    Broken { folder: PathBuf, mistakes: usize },
    #[error("`{}` has no `golden/` to compare with", folder.display())]
    NothingBlessed { folder: PathBuf },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NothingBlessed { .. } => {
                Some("look at `stack matrix`, and if it is right, `stack test --bless`".to_owned())
            }
            Self::Broken { folder, .. } => Some(format!("`beansprout stack check {}` shows them", quoted_path(folder))),
            Self::Bless { .. } => None,
        }
    }
}
