//! `new`: an empty folder becomes a project.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::interview::{AnswerArgs, Mode, Prompter, interview, warn_of_secrets};
use super::origin::Origin;
use crate::fault::{Exit, Failure, Fault};
use crate::stack::{self, Given, Plan, TargetPath};
use crate::ui::{self, Ui, quoted_path};
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
    /// The folder to make, or an empty one; asked at a terminal
    #[arg(value_name = "DIR")]
    target: Option<PathBuf>,
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
    let mode = args.answers.mode(ui);
    let target = match &args.target {
        Some(target) => target.clone(),
        None if mode == Mode::Prompt => {
            let empty =
                |typed: &str| typed.trim().is_empty().then(|| "a folder has a name; `.` is this one".to_owned());
            Prompter::new(world, ui).line("Which folder?", None, &empty)?.trim().into()
        }
        None => return Err(Error::NoFolder.into()),
    };
    let request = Request {
        directory: &target,
        stack: &args.stack,
        given: args.answers.given(world)?,
        mode,
        dry_run: args.dry_run,
    };
    let mut created = create(request, world, ui)?;
    created.columns = ui.out_width().filter(|_| !args.dry_run);
    // The long list first: what comes last stays in sight.
    ui.answer(&created);
    if !args.dry_run {
        ui.say(format_args!("wrote {} to `{}`", ui::count(created.files.len(), "file"), target.display()));
        let readme = created.files.iter().any(|file| file.path.to_string() == "README.md");
        let rest = if readme { "; `README.md` tells the rest" } else { "" };
        let enter = if created.directory == world.dir {
            String::new()
        } else {
            format!("`cd {}`, then ", quoted_path(&target))
        };
        ui.say(format_args!("next: {enter}`beansprout up` runs it here as an instance would{rest}"));
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
    /// The width of the terminal that the answer goes to, which has room for folders but not for every file.
    #[serde(skip)]
    pub(crate) columns: Option<usize>,
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
        let Some(columns) = self.columns else {
            return self.files.iter().try_for_each(|file| writeln!(f, "{}", file.path));
        };
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for file in &self.files {
            let path = file.path.to_string();
            let place = path.split_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or(path);
            *places.entry(place).or_default() += 1;
        }
        let place = |(place, files): (String, usize)| match place.ends_with('/') {
            true => format!("{place}{JOIN}({files})"),
            false => place,
        };
        let text = places.into_iter().map(place).collect::<Vec<_>>().join(", ");
        let lines = ui::wrap(&text, 0, 0, columns);
        lines.iter().try_for_each(|line| writeln!(f, "{}", line.replace(JOIN, " ")))
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
    tell_renamed(&answers, &folder_name(&target), ui);
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
    let then: Vec<String> =
        stack.manifest.stack.then.iter().map(|line| stack::render("then", line, scope)).collect::<Result<_, _>>()?;
    // What holds for some answers only is empty for the others.
    let then = then.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    let (stack, answers) = (stack.manifest.stack.name.clone(), answers.to_toml(&stack.manifest));
    Ok(Created { directory: target, stack, dry_run: request.dry_run, answers, then, files, columns: None })
}

/// Say why the package has another name than the folder that it was taken from.
fn tell_renamed(answers: &stack::Answers, folder: &str, ui: &mut Ui) {
    let package = stack::Answer::Text(stack::package_from(folder));
    let taken = |(key, answer): &&(String, stack::Answer)| answers.at_default.contains(key) && *answer == package;
    if let (Some((key, _)), Some(why)) = (answers.given.iter().find(taken), stack::renamed(folder)) {
        ui.say(format_args!("`{key}` is `{package}`: `{folder}` {why}"));
    }
}

/// Keeps two words in one line.
const JOIN: char = '\u{2060}';

/// Name of the folder, also when it is written as `.` or `..`.
fn folder_name(target: &Path) -> String {
    let whole = std::path::absolute(target).unwrap_or_else(|_| target.to_owned());
    let whole = real_path(&whole).unwrap_or(whole);
    whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("no folder is named")]
    NoFolder,
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some("`beansprout new shop` makes the folder `shop`".to_owned())
    }
}
