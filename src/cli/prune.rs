//! `prune`: versions that nobody needs, shown first and deleted then.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::aws::{AwsArgs, Connected, DryRun, Intent, bundle_store};
use super::{eb_cli_settings, versions};
use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::project::{IsOutput, Project};
use crate::release::{self, Apply, BundleStore, Plan, Policy, PruneEvent, Pruned, RunRecord, UndoFiles};
use crate::ui::{Answer, Ui, bytes, count, quoted_path};
use crate::world::World;

/// Show which versions nobody needs; `--apply` deletes them
///
/// Kept in any case: what runs in an environment or on one of its instances, what a terminated environment needs to be
/// restored, what each environment ran well last, and what is being processed. Only records of versions are deleted,
/// unless `--delete-bundles` says otherwise; a file is written that brings them back.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout prune --keep 20\n  beansprout prune --keep 20 --plan prune.json\n  beansprout prune --apply --plan prune.json"
)]
pub(crate) struct PruneArgs {
    /// Delete, instead of only showing the plan
    #[arg(long)]
    apply: bool,
    /// Write the plan to FILE; with `--apply`, carry out the plan in FILE if the world is still what it was made for
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Keep so many of the newest [default: `keep` in `[prune]`, or 10]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Keep all that are younger [default: `keep_days` in `[prune]`]
    #[arg(long, value_name = "DAYS")]
    keep_days: Option<u32>,
    /// Keep labels that match PATTERN, in which `*` stands for anything [default: `keep_labels` in `[prune]`]
    #[arg(long = "keep-label", value_name = "PATTERN")]
    keep_labels: Vec<String>,
    /// Keep so many of the last versions that each environment ran well [default: 3]
    #[arg(long, value_name = "NUMBER")]
    keep_deployed: Option<u32>,
    /// Delete the bundles too that no version needs any more
    #[arg(long)]
    delete_bundles: bool,
    /// Copy what is deleted, and the bundles of deleted versions, below PREFIX of the same bucket first
    #[arg(long, value_name = "PREFIX")]
    archive: Option<String>,
    /// There are no environments, although AWS shows none to who may not see them
    #[arg(long)]
    no_environments: bool,
    /// With `--apply`, print the calls that would change something, and make none of them
    #[arg(long)]
    dry_run: bool,
    /// The Elastic Beanstalk application [default: `application` in `[release]`, or the project's name]
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    #[command(flatten)]
    aws: AwsArgs,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the plan in a file says all that `{flag}` would say")]
    Planned { flag: &'static str },
    #[error("`{}` is not a plan", path.display())]
    NotPlan { path: PathBuf, source: serde_json::Error },
    #[error("nothing was deleted: `{}` cannot be read, and may need bundles to bring its versions back", path.display())]
    Unprotected { path: PathBuf },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Planned { .. } => Exit::Usage,
            Self::NotPlan { .. } | Self::Unprotected { .. } => Exit::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotPlan { .. } => {
                Some("`beansprout prune --plan FILE` writes one; a later version may have written this one".to_owned())
            }
            Self::Unprotected { .. } => Some(
                "remove it, or put back what it was; without `--delete-bundles` no bundle is deleted at all".to_owned(),
            ),
            Self::Planned { flag } => {
                Some(format!("leave `{flag}` out, or make a new plan with it: without `--apply`"))
            }
        }
    }
}

pub(crate) fn verb(args: &PruneArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let application = eb_cli_settings::application(args.application.as_deref(), &project)?;
    let file = args.plan.as_ref().map(|path| world.resolve(path));
    let given = match &file {
        Some(path) if args.apply => {
            if let Some(flag) = args.shaping() {
                return Err(Error::Planned { flag }.into());
            }
            Some(read(path)?)
        }
        _ => None,
    };
    let aws = args.aws.connect(&project, Intent::of(args.dry_run || !args.apply), world, ui)?;
    let bundle_store = bundle_store(&project, None);
    let undo_dir = project.state()?.folder("undo")?;
    let undo = UndoFiles::read(&undo_dir);
    for path in &undo.unreadable {
        ui.warn(format_args!("`{}` cannot be read: what it would bring back is not protected by it", path.display()));
    }
    let plan = match given {
        Some(plan) => plan,
        None => release::plan(&aws, &application, &bundle_store, &policy(args, &project), &undo.records)?,
    };
    if let Some(path) = file.filter(|_| !args.apply) {
        let text = serde_json::to_string_pretty(&plan).expect("a plan has string keys");
        let is_plan: IsOutput = |content| serde_json::from_slice::<Plan>(content).is_ok();
        project.refuse_replacing(&[(path.as_path(), is_plan)], None, world)?;
        file::write_named(&path, text.as_bytes())?;
    }
    if plan.keep.is_empty() && plan.delete.is_empty() {
        versions::none_seen(&aws, ui);
    }
    if !args.apply {
        ui.answer(&PlanAnswer { plan });
        return Ok(Exit::Done);
    }
    // What nobody can read may need any bundle.
    if let Some(path) = undo.unreadable.first().filter(|_| !plan.objects.is_empty()) {
        return Err(Error::Unprotected { path: path.clone() }.into());
    }
    ui.say(Shown(&plan));
    let apply = Apply { undo_dir, no_environments: args.no_environments };
    let pruned = carry_out(&aws, &plan, &bundle_store, &apply, &undo, world, ui);
    aws.record(&pruned, RunRecord::new("prune", &plan.application), ui);
    let pruned = pruned?;
    for bundle in &plan.left {
        ui.say(format_args!("left `{bundle}`: it is not where this project keeps its bundles"));
    }
    if args.dry_run {
        ui.answer(&DryRun::of(&aws));
    } else {
        ui.answer(&PruneAnswer { pruned, archived: plan.policy.archive.is_some() });
    }
    Ok(Exit::Done)
}

/// Carry out; from the record on, whoever interrupts is told what is done, and how to bring it back.
fn carry_out(
    aws: &Connected,
    plan: &Plan,
    bundle_store: &BundleStore,
    apply: &Apply,
    undo: &UndoFiles,
    world: &World,
    ui: &mut Ui,
) -> Result<Pruned, release::PruneError> {
    let (mut deleted, mut file) = (0, None);
    let mut guard = None;
    let dry_run = aws.is_dry_run();
    let unarchived = plan.policy.archive.is_none() && !plan.objects.is_empty();
    let pruned = release::prune(aws, plan, bundle_store, apply, &undo.records, &mut |event| {
        match &event {
            PruneEvent::Recorded { undo } => file = undo.map(PathBuf::from),
            PruneEvent::Deleted { .. } => deleted += 1,
            _ => {}
        }
        if let Some(file) = file.as_ref().filter(|_| !dry_run) {
            // Dropped first: two of them would both speak.
            guard = None;
            guard = Some(ui.last_words(
                world,
                format!(
                    "deleted {} so far; {}, the same command again goes on",
                    count(deleted, "version"),
                    way_back(file, unarchived)
                ),
            ));
        }
        tell(&event, dry_run, ui);
    });
    drop(guard);
    pruned
}

impl PruneArgs {
    /// A flag that decides what a plan says, if one was given.
    fn shaping(&self) -> Option<&'static str> {
        let given = [
            (self.keep.is_some(), "--keep"),
            (self.keep_days.is_some(), "--keep-days"),
            (!self.keep_labels.is_empty(), "--keep-label"),
            (self.keep_deployed.is_some(), "--keep-deployed"),
            (self.delete_bundles, "--delete-bundles"),
            (self.archive.is_some(), "--archive"),
            (self.application.is_some(), "--application"),
        ];
        given.into_iter().find_map(|(given, flag)| given.then_some(flag))
    }
}

/// Flags first, then the project's own words, then defaults.
fn policy(args: &PruneArgs, project: &Project) -> Policy {
    let prune = &project.config.prune;
    Policy {
        keep: args.keep.or(prune.keep).unwrap_or(10),
        keep_days: args.keep_days.or(prune.keep_days),
        keep_labels: if args.keep_labels.is_empty() { prune.keep_labels.clone() } else { args.keep_labels.clone() },
        keep_deployed: args.keep_deployed.unwrap_or(release::KEEP_DEPLOYED),
        delete_bundles: args.delete_bundles,
        archive: args.archive.clone(),
    }
}

fn read(path: &Path) -> Result<Plan, Failure> {
    let plan = serde_json::from_slice(&file::read(path)?);
    Ok(plan.map_err(|source| Error::NotPlan { path: path.to_owned(), source })?)
}

/// What the record of a run brings back. A version comes back with its bundle, or not at all.
fn way_back(record: &Path, unarchived: bool) -> String {
    let record = quoted_path(record);
    match unarchived {
        false => format!("`beansprout publish --undo {record}` brings them back"),
        true => format!(
            "`beansprout publish --undo {record}` brings back those whose bundles are still there; `--archive` would have kept a copy of the others"
        ),
    }
}

fn tell(event: &PruneEvent<'_>, dry_run: bool, ui: &mut Ui) {
    let would = if dry_run { "would have " } else { "" };
    match event {
        PruneEvent::Deleted { label } => ui.say(format_args!("{would}deleted `{label}`")),
        PruneEvent::Spared { label, environment } => {
            ui.warn(format_args!("kept `{label}` after all: it runs in `{environment}` now"));
        }
        PruneEvent::Recorded { .. } => {}
        PruneEvent::Archived { to } => ui.say(format_args!("{would}copied to `{to}`")),
        PruneEvent::NothingToArchive { bundle } => {
            ui.warn(format_args!("`{bundle}` is gone already: nothing of it can be archived"));
        }
        PruneEvent::BundleDeleted { key } => ui.say(format_args!("{would}deleted the bundle `{key}`")),
        PruneEvent::UploadAborted { key } => ui.say(format_args!("{would}aborted an unfinished upload of `{key}`")),
        PruneEvent::Limited { seconds } => {
            ui.say(format_args!("AWS limits the rate of calls; going on in {seconds} s"))
        }
    }
}

#[derive(Serialize)]
struct PlanAnswer {
    #[serde(flatten)]
    plan: Plan,
}

impl Answer for PlanAnswer {
    const SCHEMA: &str = "prune-plan/1";
}

impl fmt::Display for PlanAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Shown(&self.plan))?;
        if !self.plan.is_empty() {
            write!(f, "\nnothing was deleted; `--apply` does it")?;
        }
        Ok(())
    }
}

/// A plan for people.
struct Shown<'a>(&'a Plan);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.0;
        let labels = plan.keep.iter().map(|kept| &kept.label).chain(plan.delete.iter().map(|deletion| &deletion.label));
        let width = labels.map(|label| label.chars().count()).max().unwrap_or(0);
        for kept in &plan.keep {
            let reasons: Vec<String> = kept.reasons.iter().map(ToString::to_string).collect();
            writeln!(f, "keep    {:width$}  {}", kept.label, reasons.join(", "))?;
        }
        for deletion in &plan.delete {
            let created = deletion.created.map(|time| time.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
            writeln!(
                f,
                "delete  {:width$}  {created} {}",
                deletion.label,
                deletion.description.as_deref().unwrap_or_default()
            )?;
        }
        for object in &plan.objects {
            writeln!(f, "delete  {} ({})", object.key, bytes(object.bytes))?;
        }
        for upload in &plan.uploads {
            writeln!(f, "abort   unfinished upload of {}", upload.key)?;
        }
        for bundle in &plan.copies {
            writeln!(f, "copy    {bundle} to the archive first")?;
        }
        for bundle in &plan.left {
            writeln!(f, "left    {bundle}: not where this project keeps its bundles")?;
        }
        for environment in &plan.moving {
            writeln!(f, "wait    `{environment}` moves: nothing is deleted until it is ready")?;
        }
        let deletion = count(plan.delete.len(), "version");
        write!(f, "{deletion} to delete, {} to keep", plan.keep.len())?;
        if plan.environments == 0 {
            write!(f, "; no environment is visible")?;
        }
        if let Some(limit) = plan.limit {
            write!(f, "\n{} of {limit} versions in {} are used", plan.used, plan.region)?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct PruneAnswer {
    #[serde(flatten)]
    pruned: Pruned,
    /// Were bundles copied before they were deleted?
    #[serde(skip)]
    archived: bool,
}

impl Answer for PruneAnswer {
    const SCHEMA: &str = "prune/1";

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for PruneAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pruned { deleted, spared, bundles_deleted, uploads_aborted, undo } = &self.pruned;
        write!(f, "deleted {}", count(deleted.len(), "version"))?;
        if !spared.is_empty() {
            write!(f, ", kept {} after all", spared.len())?;
        }
        if !bundles_deleted.is_empty() {
            write!(f, ", deleted {}", count(bundles_deleted.len(), "bundle"))?;
        }
        if *uploads_aborted > 0 {
            write!(f, ", aborted {}", count(*uploads_aborted, "upload"))?;
        }
        if let Some(undo) = undo {
            let unarchived = !self.archived && !bundles_deleted.is_empty();
            write!(f, "\n{}", way_back(undo, unarchived))?;
        }
        Ok(())
    }
}
