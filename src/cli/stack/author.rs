//! `stack new`, `check` and `test`: for those who write a stack.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::cli::check;
use crate::cli::origin::Origin;
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::stack::{self, Plan, Remark, Stack, Tree, review};
use crate::ui::{self, Ui};
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
/// `golden/` in the stack's folder has one folder per row of the matrix. Exits with 1 if a rendering differs.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout stack test ./my-stack --bless")]
pub(crate) struct TestStackArgs {
    /// The stack's folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Write the renderings of today to `golden/`
    #[arg(long)]
    bless: bool,
}

pub(crate) fn new(args: &NewStackArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let target = world.resolve(&args.folder);
    stack::check_empty(&target)?;
    let plan = Plan::verbatim(&Tree::embedded("scaffold/"))?;
    stack::create(&plan, &target, &world.interrupt)?;
    let shown = args.folder.display();
    ui.say(format_args!("a stack is in `{shown}`; next: `beansprout stack check {shown}`"));
    ui.answer(&Begun { files: plan.iter().map(|(path, _)| path.to_string()).collect() });
    Ok(Exit::Done)
}

#[derive(Debug, Serialize)]
struct Begun {
    files: Vec<String>,
}

impl ui::Answer for Begun {
    const SCHEMA: &str = "stack-new/1";
}

impl fmt::Display for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.iter().try_for_each(|file| writeln!(f, "{file}"))
    }
}

pub(crate) fn check(args: &CheckStackArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let Origin { stack, .. } = Origin::open(&args.stack, &world.dir, world)?;
    let (rows, mut remarks) = review(&stack, &stack.scope("site"))?;
    let temp = tempfile::tempdir().map_err(|source| Error::Temporary { source })?;
    for (number, row) in rows.iter().enumerate() {
        let root = temp.path().join(number.to_string());
        stack::create(&row.plan, &root, &world.interrupt)?;
        let mut inside = world.clone();
        inside.dir = root;
        let project = Project::load(&inside)?;
        for finding in check::report(&project)?.findings {
            let remark =
                Remark { place: finding.path.to_string(), text: format!("{}: {}", finding.rule, finding.message) };
            // The same mistake shows in many rows.
            if !remarks.contains(&remark) {
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
    remarks: Vec<Remark>,
}

impl ui::Answer for Reviewed {
    const SCHEMA: &str = "stack-check/1";
}

impl fmt::Display for Reviewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.remarks.iter().try_for_each(|remark| writeln!(f, "{}: {}", remark.place, remark.text))
    }
}

/// Where blessed renderings lie, below the stack's folder.
const GOLDEN: &str = "golden";

pub(crate) fn test(args: &TestStackArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let folder = world.resolve(&args.folder);
    let tree = Tree::stack_folder(&folder)?;
    let stack = Stack::from_tree(&tree, &args.folder.display().to_string())?;
    let (rows, _) = review(&stack, &stack.scope("site"))?;
    let mut now: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut golden = Plan::default();
    for (number, row) in rows.iter().enumerate() {
        let answers = row.answers.to_toml(&stack.manifest).to_string();
        now.insert(format!("{:03}.toml", number + 1), answers.into_bytes());
        for (path, planned) in row.plan.iter() {
            now.insert(format!("{:03}/{path}", number + 1), planned.content.clone());
        }
    }
    for (path, content) in &now {
        golden.add_content(path, content.clone())?;
    }
    if args.bless {
        bless(&golden, &folder.join(GOLDEN), world)?;
    }
    let golden = folder.join(GOLDEN);
    let blessed = if golden.is_dir() { Tree::folder(&golden)? } else { Tree::default() };
    if blessed.is_empty() {
        return Err(Error::NothingBlessed { folder: args.folder.clone() }.into());
    }
    let mut differences = Vec::new();
    for (path, content) in &now {
        match blessed.get(path) {
            None => differences.push(Difference { path: path.clone(), kind: Kind::New }),
            Some(before) if before != content => differences.push(Difference { path: path.clone(), kind: Kind::Other }),
            Some(_) => (),
        }
    }
    let gone = blessed.iter().filter(|(path, _)| !now.contains_key(*path));
    differences.extend(gone.map(|(path, _)| Difference { path: path.to_owned(), kind: Kind::Gone }));
    let same = differences.is_empty();
    ui.say(format_args!("{}, {}", ui::count(rows.len(), "rendering"), ui::count(differences.len(), "difference")));
    ui.answer(&Tested { renderings: rows.len(), differences });
    Ok(if same { Exit::Done } else { Exit::Findings })
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
    std::fs::rename(&fresh, golden).map_err(failed)?;
    Ok(())
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
            writeln!(f, "{sign} golden/{}", difference.path)
        })
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("there is no temporary folder to render into")]
    Temporary { source: std::io::Error },
    #[error("failed to write `{}`", path.display())]
    Bless { path: PathBuf, source: std::io::Error },
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
            Self::Temporary { .. } | Self::Bless { .. } => None,
        }
    }
}
