//! `publish --undo`: what was pruned is registered again.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::PublishArgs;
use crate::beanstalk::name::Application;
use crate::cli::aws::{DryRun, Intent, bundle_store};
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::release::{self, RestoreOutcome, Restored, RunRecord, Undo, UndoFiles};
use crate::ui::{Answer, Ui, count};
use crate::world::World;

/// Register again what was pruned.
pub(super) fn undo(args: &PublishArgs, project: &Project, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let files: Vec<PathBuf> = args.undo.iter().map(|file| world.resolve(file)).collect();
    let undos: Vec<Undo> = files.iter().map(|file| Undo::read(file)).collect::<Result<_, _>>()?;
    let aws = args.aws.connect(project, Intent::of(args.dry_run), world, ui)?;
    let store = bundle_store(project, args.options.bucket.as_deref());
    let mut answer: Option<UndoAnswer> = None;
    let (mut restored, mut untagged) = (0, 0);
    for (file, undo) in files.iter().zip(undos) {
        let beside = file.parent().map(UndoFiles::read).unwrap_or_default();
        let words = |restored| {
            let restored = count(restored, "version");
            format!("restored {restored} so far; run the same command again: it finishes what is left")
        };
        let mut guard = (!aws.is_dry_run()).then(|| ui.last_words(world, words(restored)));
        let versions = release::undo(&aws, file, &undo, &beside.records, &store, &mut |version| {
            let back = version.fate == RestoreOutcome::Restored;
            restored += usize::from(back);
            untagged += usize::from(back && !undo.tags.contains_key(&version.label));
            if guard.take().is_some() {
                guard = Some(ui.last_words(world, words(restored)));
            }
        });
        drop(guard);
        if versions.iter().flatten().any(|restored| restored.fate == RestoreOutcome::BundleGone) {
            for path in &beside.unreadable {
                ui.warn(format_args!("`{}` cannot be read, and may know where a bundle was archived", path.display()));
            }
        }
        aws.record(&versions, RunRecord::new("undo", &undo.application), ui);
        let versions = versions?;
        match &mut answer {
            Some(answer) => answer.versions.extend(versions),
            None => answer = Some(UndoAnswer { application: undo.application, versions }),
        }
    }
    if args.dry_run {
        ui.answer(&DryRun::of(&aws));
        return Ok(Exit::Done);
    }
    let Some(answer) = answer else { return Ok(Exit::Done) };
    if untagged > 0 {
        ui.say(format_args!("the tags of {} could not be seen when they were deleted", count(untagged, "version")));
    }
    let missing =
        |restored: &Restored| matches!(restored.fate, RestoreOutcome::BundleGone | RestoreOutcome::LabelTaken);
    let incomplete = answer.versions.iter().any(missing);
    ui.answer(&answer);
    Ok(if incomplete { Exit::Findings } else { Exit::Done })
}

/// Outcome for versions that were pruned.
#[derive(Serialize)]
struct UndoAnswer {
    application: Application,
    versions: Vec<Restored>,
}

impl Answer for UndoAnswer {
    const SCHEMA: &str = "undo/1";

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for UndoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let restored = self.versions.iter().filter(|restored| restored.fate == RestoreOutcome::Restored).count();
        write!(f, "restored {} of `{}`", count(restored, "version"), self.application)?;
        for Restored { label, fate } in &self.versions {
            match fate {
                RestoreOutcome::Restored => {}
                RestoreOutcome::Unchanged => write!(f, "\n  {label} is there")?,
                RestoreOutcome::LabelTaken => write!(f, "\n  {label} cannot come back: another version has its label")?,
                RestoreOutcome::BundleGone => write!(f, "\n  {label} cannot come back: its bundle is gone")?,
            }
        }
        Ok(())
    }
}
