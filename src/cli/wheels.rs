//! `wheels`: what pip would fetch when an instance starts, into the bundle.

mod answer;
mod error;
mod targets;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::environments::Environments;
use super::interview::Prompter;
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::made::Made;
use crate::beanstalk::requirements::{FILE, LockedList};
use crate::bundle::{self, MAX_BYTES};
use crate::fault::{Exit, Failure};
use crate::file;
use crate::project::{Project, ScopeFlags};
use crate::secret::without_credentials;
use crate::stack::diff_texts;
use crate::ui::{Ui, bytes, count};
use crate::wheels::{Asked, Error as WheelError, FOLDER, Found, Kept, Locked, WheelFile, Work, kept, one_of};
use crate::world::World;

use answer::{State, Wheel, Wheels, Written};
use error::Error;

/// Put what pip would fetch into the bundle
///
/// Resolves the requirements for the instances of this project, takes wheels only, and writes them to `wheels`; then
/// `requirements.txt` names each with its exact version and digests, and makes pip ask no index. What you write stays in
/// `requirements.in` or in your lock file. Run again, it fetches what is missing and nothing else.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  beansprout wheels
  beansprout wheels --upgrade --dry-run         # newer versions, shown as a diff
  beansprout wheels --arch x86_64 --arch arm64  # for both kinds of instances")]
pub(crate) struct WheelsArgs {
    /// For instances with this Python, such as 3.13; by default that of the platform
    #[arg(long, value_name = "VERSION")]
    python: Vec<String>,
    /// For instances of this architecture; by default those that the instance types have
    #[arg(long, value_name = "NAME", value_parser = ["x86_64", "arm64"])]
    arch: Vec<String>,
    /// Take newer versions where the requirements allow them
    #[arg(long)]
    upgrade: bool,
    /// Take releases that their authors have withdrawn, too
    #[arg(long)]
    allow_yanked: bool,
    /// Minutes that one run of pip may take
    #[arg(long, value_name = "MINUTES", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    timeout: u64,
    /// Show what would be written, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write without asking
    #[arg(short, long)]
    yes: bool,
}

pub(crate) fn verb(args: &WheelsArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    // The folder of the wheels may still have to be made.
    let mut without = project.clone();
    without.config.bundle.include.retain(|at, _| at.trim_end_matches('/') != FOLDER);
    let plan = bundle::Plan::read(&without.scope(&ScopeFlags::worktree(), world))?;
    project.found(&plan)?;
    let customizations = Customizations::read(&super::check::tree(&project, &plan)?);
    let targets = targets::targets(args, &customizations, Environments::load(&project)?.all())?;
    let folder = folder(&project)?;

    let read = |path: &str| Ok(file::read_if_there(&file::inside(&project.root, Path::new(path))?)?);
    let found = Found::read(&read)?;
    let asked = Asked::read(&found, &read, &read_lock, &world.vars)?;
    asked.check(&targets)?;
    let work = Work {
        asked: &asked,
        found: &found,
        targets: &targets,
        folder: &folder,
        upgrade: args.upgrade,
        yanked: args.allow_yanked,
        limit: Duration::from_secs(args.timeout * 60),
        world,
    };
    let run = Run { args, project: &project, folder: &folder, work: &work, world };
    let mut answer = match work.current() {
        Some(locked) => run.fetch(&locked, ui)?,
        None => run.resolve(ui)?,
    };
    answer.from = asked.from.clone();
    answer.targets = targets.iter().copied().collect();
    answer.dry_run = args.dry_run;
    if asked.stripped > 0 {
        let lines = count(asked.stripped, "line");
        ui.warn(format_args!(
            "{lines} of `{FILE}` had credentials, which are not taken over: give the address in `PIP_INDEX_URL`, and change them, since git remembers"
        ));
    }
    if !args.dry_run {
        run.ships(world, ui)?;
    }
    ui.answer(&answer);
    Ok(Exit::Done)
}

/// Where the wheels are kept: what `[bundle.include]` puts there, or the folder itself.
fn folder(project: &Project) -> Result<PathBuf, Failure> {
    let included = project.config.bundle.include.iter().find(|(at, _)| at.trim_end_matches('/') == FOLDER);
    Ok(match included {
        Some((_, folder)) => project.root.join(folder),
        None => file::inside(&project.root, Path::new(FOLDER))?,
    })
}

/// A lock file that Elastic Beanstalk does not read, and how its own tool exports it.
fn read_lock(path: &str, text: &str) -> (Option<Vec<String>>, &'static str) {
    let export = match path {
        "uv.lock" => "uv export --no-dev --format requirements-txt -o requirements.txt",
        "poetry.lock" => "poetry export -o requirements.txt",
        _ => "pdm export -o requirements.txt",
    };
    (LockedList::read(path, text).map(|locked| locked.lines), export)
}

struct Run<'a> {
    args: &'a WheelsArgs,
    project: &'a Project,
    folder: &'a Path,
    work: &'a Work<'a>,
    world: &'a World,
}

impl Run<'_> {
    /// `requirements.txt` is as it should be: fetch what is missing.
    fn fetch(&self, locked: &Locked, ui: &mut Ui) -> Result<Wheels, Failure> {
        let before = kept(self.folder)?;
        self.work.check(&before, locked)?;
        let missing = self.work.missing(&before, locked);
        if self.args.dry_run {
            let names = missing.iter().map(|(_, pin)| format!("{}=={}", pin.name, pin.version));
            names.for_each(|name| ui.say(format_args!("would fetch {name}")));
            return Ok(self.answer(&before, &[], locked, Vec::new()));
        }
        if missing.is_empty() {
            ui.say("every wheel is there");
        }
        let mut taken: Vec<WheelFile> = Vec::new();
        let mut take = |wheel: &WheelFile| {
            self.keep(wheel)?;
            taken.push(wheel.clone());
            Ok(())
        };
        self.work.fetch(&missing, &mut take, &mut |file| tell(ui, file))?;
        let after = if taken.is_empty() { before } else { kept(self.folder)? };
        Ok(self.answer(&after, &taken, locked, Vec::new()))
    }

    /// Decide anew what is installed, show it, and write it.
    fn resolve(&self, ui: &mut Ui) -> Result<Wheels, Failure> {
        let before = kept(self.folder)?;
        let old =
            self.work.found.made.as_ref().and_then(|made| Locked::read(&self.work.found.requirements, &made.targets));
        if let Some(old) = &old {
            self.work.check(&before, old)?;
        }
        let temporary = file::temporary_folder()?;
        let resolved = self.work.resolve(temporary.path(), &mut |file| tell(ui, file))?;
        let locked = Locked::of(resolved.iter().map(|(target, wheel)| (*target, wheel)));
        let asked = self.work.asked;
        let made = Made { from: asked.from.clone(), targets: self.work.targets.clone(), digest: asked.digest.clone() };
        let text = locked.text(&made);
        let mut files = Vec::new();
        if let Some(kept) = &asked.write_from {
            files.push(self.written(&asked.from, kept)?);
        }
        files.push(self.written(FILE, &text)?);

        let size: u64 = distinct(&resolved).map(|wheel| wheel.bytes).sum();
        let limit = self.project.config.bundle.max_bytes.unwrap_or(MAX_BYTES);
        if size > limit {
            return Err(WheelError::TooLarge { size, limit }.into());
        }
        let fresh: Vec<&WheelFile> =
            distinct(&resolved).filter(|wheel| !before.iter().any(|kept| kept.sha256 == wheel.sha256)).collect();
        // Only what an earlier run put there: whatever else lies there is somebody's own. And not what is written over.
        let gone: Vec<&Kept> = before
            .iter()
            .filter(|kept| old.as_ref().is_some_and(|old| old.digests().contains(kept.sha256.as_str())))
            .filter(|kept| !locked.digests().contains(kept.sha256.as_str()))
            .filter(|kept| !fresh.iter().any(|wheel| file::is_one(&self.folder.join(&wheel.file), &kept.path)))
            .collect();
        for file in files.iter().filter(|file| file.before.as_deref() != Some(file.after.as_str())) {
            let before = file.before.as_deref().unwrap_or_default();
            ui.quote(without_credentials(&diff_texts(["a", "b"], &file.path, before, &file.after)));
        }
        fresh.iter().for_each(|wheel| ui.say(format_args!("+ {FOLDER}/{} ({})", wheel.file, bytes(wheel.bytes))));
        gone.iter().for_each(|wheel| ui.say(format_args!("- {FOLDER}/{}", wheel.file)));
        let taken: Vec<WheelFile> = fresh.iter().map(|wheel| (*wheel).clone()).collect();
        let removed: Vec<String> = gone.iter().map(|wheel| wheel.file.clone()).collect();
        let changes = taken.len() + removed.len() + files.iter().filter(|file| file.changes()).count();
        if self.args.dry_run {
            let all = distinct(&resolved).map(|wheel| Wheel::of(wheel, State::of(wheel, &taken))).collect();
            return Ok(Wheels::of(all, removed, files));
        }
        if changes > 0 && !self.args.yes && ui.can_prompt() {
            let question = format!("Write {} and {}?", count(taken.len(), "wheel"), count(files.len(), "file"));
            if !Prompter::new(self.world, ui).confirm(&question)? {
                return Err(Error::Declined.into());
            }
        }
        // New wheels, then the files that ask for them, then old wheels away: at any moment what is asked for is there.
        taken.iter().try_for_each(|wheel| self.keep(wheel))?;
        for file in files.iter().filter(|file| file.changes()) {
            file::write_own(&file::inside(&self.project.root, Path::new(&file.path))?, file.after.as_bytes())?;
        }
        for wheel in &gone {
            std::fs::remove_file(&wheel.path).map_err(|source| Error::Remove { path: wheel.path.clone(), source })?;
        }
        let all = distinct(&resolved).map(|wheel| Wheel::of(wheel, State::of(wheel, &taken))).collect();
        Ok(Wheels::of(all, removed, files))
    }

    fn written(&self, path: &str, after: &str) -> Result<Written, Failure> {
        let on_disk = file::inside(&self.project.root, Path::new(path))?;
        let before = file::read_if_there(&on_disk)?;
        let before = before.map(|content| match crate::beanstalk::encoding::pip(&content) {
            Some(text) => text.into_owned(),
            None => String::from_utf8_lossy(&content).into_owned(),
        });
        Ok(Written { path: path.to_owned(), before, after: after.to_owned() })
    }

    /// Put a wheel where they are kept.
    fn keep(&self, wheel: &WheelFile) -> Result<(), WheelError> {
        file::make_folder(self.folder)?;
        Ok(file::write_own(&self.folder.join(&wheel.file), &file::read(&wheel.path)?)?)
    }

    fn answer(&self, kept: &[Kept], taken: &[WheelFile], locked: &Locked, files: Vec<Written>) -> Wheels {
        let digests = locked.digests();
        let ours = kept.iter().filter(|wheel| digests.contains(wheel.sha256.as_str()));
        let wheel = |kept: &Kept| Wheel {
            file: kept.file.clone(),
            sha256: kept.sha256.clone(),
            bytes: kept.bytes,
            state: if taken.iter().any(|wheel| wheel.sha256 == kept.sha256) { State::New } else { State::Kept },
        };
        Wheels::of(ours.map(wheel).collect(), Vec::new(), files)
    }

    /// Wheels that no bundle would have help nobody.
    fn ships(&self, world: &World, ui: &mut Ui) -> Result<(), Failure> {
        let plan = bundle::Plan::read(&self.project.scope(&ScopeFlags::worktree(), world))?;
        let Some(first) = one_of(self.folder)? else { return Ok(()) };
        let path = format!("{FOLDER}/{first}");
        if !plan.has(&path) {
            ui.warn(format_args!(
                "`{FOLDER}` is left out of the bundle (`beansprout package --why {path}` says why): let it in, or keep the wheels outside and name that folder in [bundle.include]"
            ));
        }
        Ok(())
    }
}

/// Each wheel once, however many instances take it.
fn distinct(resolved: &[(crate::beanstalk::wheel::Target, WheelFile)]) -> impl Iterator<Item = &WheelFile> {
    let mut seen = std::collections::BTreeSet::new();
    resolved.iter().map(|(_, wheel)| wheel).filter(move |wheel| seen.insert(wheel.sha256.as_str()))
}

fn tell(ui: &mut Ui, file: &str) {
    ui.say(format_args!("fetching {file}"));
}
