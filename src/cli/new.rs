//! `new`: an empty folder becomes a project.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::interview::{AnswerArgs, Mode, interview, warn_of_secrets};
use super::origin::Origin;
use crate::fault::{Exit, Failure};
use crate::stack::{self, Given, Plan, TargetPath};
use crate::ui::{self, Ui};
use crate::world::{World, real_path};

/// Generate a Django project that is ready for Elastic Beanstalk
///
/// Asks what it has to know, shows the answers, and writes everything or nothing. Without a terminal it never asks: give
/// `--defaults`, `--set` or `--answers`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout new shop\n  beansprout new shop --defaults --set database=postgresql\n  \
                  beansprout new shop --stack https://github.com/example/stacks.git@v2"
)]
pub(crate) struct NewArgs {
    /// The folder to make, or an empty one
    #[arg(value_name = "DIR")]
    target: PathBuf,
    /// The stack to grow it from
    ///
    /// A name from `beansprout stack list`, a folder, a git repository (`URL[@REVISION]`), or an archive
    /// (`FILE.tar.gz#sha256=…`, also `.zip`). `#subdirectory=FOLDER` says where in a repository or archive it is. The project
    /// remembers the commit, not the branch.
    #[arg(long, value_name = "NAME|DIR|GIT|ARCHIVE", default_value = "python")]
    stack: String,
    /// Show what would be written, write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    answers: AnswerArgs,
}

pub(crate) fn new(args: &NewArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let request = Request {
        directory: &args.target,
        stack: &args.stack,
        given: args.answers.given(world)?,
        mode: args.answers.mode(ui),
        dry_run: args.dry_run,
    };
    let created = create(request, world, ui)?;
    // The long list first: what comes last stays in sight.
    ui.answer(&created);
    if !args.dry_run {
        ui.say(format_args!("wrote {} to `{}`", ui::count(created.files.len(), "file"), args.target.display()));
        let shown = args.target.display();
        let readme = created.files.iter().any(|file| file.path.to_string() == "README.md");
        let rest = if readme { "; `README.md` there tells the rest" } else { "" };
        ui.say(format_args!("next: `beansprout -C {shown} up` runs it here as an instance would{rest}"));
        for line in &created.then {
            ui.say(format_args!("then: {line}"));
        }
    }
    Ok(Exit::Done)
}

/// Request for a new project.
pub(crate) struct Request<'a> {
    pub(crate) directory: &'a Path,
    pub(crate) stack: &'a str,
    pub(crate) given: Given,
    pub(crate) mode: Mode,
    pub(crate) dry_run: bool,
}

/// The created project.
#[derive(Debug, Serialize)]
pub(crate) struct Created {
    pub(crate) directory: PathBuf,
    pub(crate) stack: String,
    pub(crate) dry_run: bool,
    pub(crate) answers: toml::Table,
    /// What remains to be done by hand.
    pub(crate) then: Vec<String>,
    pub(crate) files: Vec<Written>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Written {
    pub(crate) path: TargetPath,
    pub(crate) executable: bool,
    pub(crate) bytes: usize,
}

impl ui::Answer for Created {
    const SCHEMA: &str = "new/1";

    fn is_account(&self) -> bool {
        !self.dry_run
    }
}

impl fmt::Display for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.iter().try_for_each(|file| writeln!(f, "{}", file.path))
    }
}

pub(crate) fn create(request: Request<'_>, world: &World, ui: &mut Ui) -> Result<Created, Failure> {
    let target = world.resolve(request.directory);
    // Before twenty questions, not after.
    stack::check_empty(&target)?;
    let Origin { stack, spec } = Origin::open(request.stack, &world.dir, world)?;
    let mut scope = stack.scope(&folder_name(&target));
    scope.set("stack_spec", spec.to_string().into());
    warn_of_secrets(&request.given, &stack, ui);
    let answers = interview(&stack, request.given, &scope, request.mode, world, ui)?;
    let plan = stack::with_base(Plan::of(&stack, &answers)?)?;
    if !request.dry_run {
        stack::create(&plan, &target, &world.interrupt)?;
    }
    let files = plan
        .iter()
        .map(|(path, planned)| Written {
            path: path.clone(),
            executable: planned.executable,
            bytes: planned.content.len(),
        })
        .collect();
    // It is said aloud: secrets stay out of it.
    let scope = answers.masked.as_ref().map_or(&answers.scope, |[masked, _]| masked);
    let then =
        stack.manifest.stack.then.iter().map(|line| stack::render("then", line, scope)).collect::<Result<_, _>>()?;
    let (stack, answers) = (stack.manifest.stack.name.clone(), answers.to_toml(&stack.manifest));
    Ok(Created { directory: target, stack, dry_run: request.dry_run, answers, then, files })
}

/// Name of the folder, also when it is written as `.` or `..`.
fn folder_name(target: &Path) -> String {
    let whole = std::path::absolute(target).unwrap_or_else(|_| target.to_owned());
    let whole = real_path(&whole).unwrap_or(whole);
    whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
