//! One build: read, decide, write, and what to say of it.

use std::path::{Path, PathBuf};

use crate::bundle::{
    Bundle, Checkout, IgnoreMode, MANY, MAX_BYTES, Note, Output, PackOptions, Plan, Reason, Scope, Source, TreeDigest,
    Trust, where_most_is,
};
use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::project::{IsOutput, Project};
use crate::ui::{Ui, bytes, count};
use crate::world::World;

use super::answer::{Packaged, Wheels};
use super::manifest;
use super::mode_difference::ModeDifference;
use super::other_reading;

/// One build, with every question answered.
pub(super) struct Build<'a> {
    pub(super) project: &'a Project,
    pub(super) scope: Scope,
    pub(super) output: Option<PathBuf>,
    pub(super) manifest: Option<PathBuf>,
    pub(super) clean: bool,
    pub(super) dry_run: bool,
    pub(super) trust: Trust,
    /// What is asked of the plan before anything is packed; it may refuse.
    pub(super) gate: Gate<'a>,
}

/// A look at what will ship.
pub(crate) type Gate<'a> = &'a mut dyn FnMut(&Plan, &mut Ui) -> Result<(), Failure>;

impl Build<'_> {
    pub(super) fn run(self, world: &World, ui: &mut Ui) -> Result<Packaged, Failure> {
        let checkout = Checkout::start(&self.project.root);
        let plan = Plan::read(&self.scope)?;
        (self.gate)(&plan, ui)?;
        if self.clean {
            let checkout = checkout.compare(&plan)?;
            self.require_clean(checkout.as_ref(), &plan)?;
            let made = self.make(&plan, world, ui)?;
            return self.report(&plan, made, checkout, ui);
        }
        let (checkout, made) = checkout.compare_during(&plan, || self.make(&plan, world, ui));
        self.report(&plan, made?, checkout?, ui)
    }

    fn require_clean(&self, checkout: Option<&Checkout>, plan: &Plan) -> Result<(), Failure> {
        let Some(checkout) = checkout else {
            return Err(NotClean::NoRepository { root: self.project.root.clone() }.into());
        };
        if checkout.revision.is_none() {
            return Err(NotClean::NoCommit.into());
        }
        if checkout.changes > 0 {
            let filtered = checkout.filtered.first().cloned();
            return Err(NotClean::Changes { changes: checkout.changes, filtered }.into());
        }
        if *plan.source() == Source::Worktree {
            if let Some(first) = checkout.missing_submodules.first() {
                let count = checkout.missing_submodules.len();
                return Err(NotClean::Submodules { count, first: first.clone() }.into());
            }
            if let Some(first) = checkout.sparse.first() {
                return Err(NotClean::Sparse { count: checkout.sparse.len(), first: first.clone() }.into());
            }
        }
        match plan.lfs_pointers()?.as_slice() {
            [] => Ok(()),
            [first, ..] => Err(NotClean::Pointer { path: first.to_string() }.into()),
        }
    }

    fn refuse_outputs(&self, plan: &Plan) -> Result<(), Failure> {
        let output = self.output.iter().map(|path| (path.as_path(), (|_: &[u8]| false) as IsOutput));
        let manifest = self.manifest.iter().map(|path| (path.as_path(), manifest::is_manifest as IsOutput));
        let outputs: Vec<(&Path, IsOutput)> = output.chain(manifest).collect();
        for (path, is_output) in &outputs {
            plan.refuse_replacing(path, is_output)?;
            plan.refuse_shipping(path)?;
        }
        Ok(file::refuse_unwritable(outputs.iter().map(|(path, _)| *path))?)
    }

    fn max_bytes(&self) -> u64 {
        self.project.config.bundle.max_bytes.unwrap_or(MAX_BYTES)
    }

    fn make(&self, plan: &Plan, world: &World, ui: &mut Ui) -> Result<Made, Failure> {
        plan.check()?;
        if let Err(none) = self.project.found(plan) {
            ui.warn(none);
        }
        let files = plan.entries().len();
        if files >= MANY {
            let files = count(files, "file");
            ui.warn(format_args!("{files} need zip64, which unzip on the instance reads and some tools do not"));
        }
        let progress = ui.progress("packaging", plan.size());
        if !self.dry_run {
            self.refuse_outputs(plan)?;
        }
        let state = self.project.state()?;
        let dir = state.folder("bundles")?;
        state.file("bundles/index")?;
        let cache = Some((dir.as_path(), self.trust));
        let options =
            PackOptions { progress: &progress, interrupt: &world.interrupt, max_bytes: self.max_bytes(), cache };
        if self.dry_run {
            let (manifest, notes) = plan.manifest(&options)?;
            return Ok(Made::Nothing { digest: manifest.digest, notes });
        }
        let output = match &self.output {
            Some(path) => Output::File(path.clone()),
            None => {
                state.make("bundles")?;
                Output::Labelled { dir: dir.clone(), name: self.project.name() }
            }
        };
        Ok(Made::Bundle(plan.write(&output, &options)?))
    }

    fn report(self, plan: &Plan, made: Made, checkout: Option<Checkout>, ui: &mut Ui) -> Result<Packaged, Failure> {
        let (digest, notes, bundle) = match made {
            Made::Nothing { digest, notes } => (digest, notes, None),
            Made::Bundle(bundle) => (bundle.digest, bundle.notes.clone(), Some(bundle)),
        };
        for left_out in plan.left_out().iter().filter(|left_out| left_out.reason == Reason::Output) {
            ui.say(format_args!("`{}` stays out: {}", left_out.path, left_out.reason));
        }
        if *plan.source() == Source::Worktree {
            for line in checkout.iter().flat_map(missing) {
                ui.warn(line);
            }
        }
        let brought_in = checkout.as_ref().map_or(&[][..], |checkout| &checkout.brought_in);
        if let [first, ..] = brought_in {
            let files = count(brought_in.len(), "file");
            ui.say(format_args!("{files} that git ignores, first `{first}`: not in the commit"));
        }
        for include in &self.scope.include {
            let at = format!("{}/", include.at.trim_matches('/'));
            let files = plan.entries().iter().filter(|entry| entry.path().as_str().starts_with(&at)).count();
            ui.say(format_args!("{} at `{at}` from `{}`", count(files, "file"), include.dir.display()));
        }
        let never = plan.tracked_that_never_ship();
        if let [first, ..] = never.as_slice() {
            let files = count(never.len(), "tracked path");
            ui.say(format_args!("{files} left out, first `{}`: {}", first.path, first.reason));
        }
        for note in &notes {
            ui.warn(note);
        }
        for line in bundle.iter().flat_map(earlier) {
            ui.say(line);
        }
        if let Some(bundle) = &bundle
            && bundle.bytes >= self.max_bytes() / 10 * 8
        {
            let (size, limit) = (bytes(bundle.bytes), bytes(self.max_bytes()));
            let largest = where_most_is(&plan.largest(5));
            ui.warn(format_args!("the bundle has {size} of the {limit} that it may have; {largest}"));
        }
        let wheels = Wheels::of(plan);
        if let (Some(bundle), Some(wheels)) = (&bundle, wheels)
            && (self.max_bytes() / 10 * 6..self.max_bytes() / 10 * 8).contains(&bundle.bytes)
            // They hardly get smaller: without them it would have less.
            && bundle.bytes.saturating_sub(wheels.bytes) < self.max_bytes() / 10 * 6
        {
            let (size, limit) = (bytes(bundle.bytes), bytes(self.max_bytes()));
            ui.warn(format_args!(
                "the bundle has {size} of the {limit} that it may have, {} of them in {}: a custom AMI can have what is largest",
                bytes(wheels.bytes),
                count(wheels.files, "wheel")
            ));
        }
        let other_mode = match self.scope.ignore {
            IgnoreMode::Git => None,
            IgnoreMode::EbCli => Some(ModeDifference::of(plan, &self.scope)?),
        };
        if let Some(other) = &other_mode {
            ui.warn(other);
        }
        if let Some(line) = other_reading::warning(plan, &self.scope) {
            ui.warn(line);
        }
        let label = digest.label(&self.project.name());
        if let (Some(path), Some(bundle)) = (&self.manifest, &bundle) {
            manifest::write(path, &label, plan, checkout.as_ref(), &plan.manifest_of(bundle))?;
        }
        Ok(Packaged {
            label,
            digest,
            source: plan.source().clone(),
            revision: plan.revision().map(str::to_owned),
            checkout,
            entries: plan.entries().len(),
            content_bytes: plan.size(),
            wheels,
            path: bundle.as_ref().map(|bundle| bundle.path.clone()),
            bytes: bundle.as_ref().map(|bundle| bundle.bytes),
            reused: bundle.as_ref().map(|bundle| bundle.reused),
            unchanged: bundle.as_ref().is_some_and(|bundle| bundle.unchanged),
            left_out: plan.left_out().to_vec(),
            notes,
            other_mode,
            bundle,
            out: ui.out(),
        })
    }
}

/// What a commit has and this work tree lacks.
fn missing(checkout: &Checkout) -> impl Iterator<Item = String> {
    let named = |paths: &[String], what: &str, why: &str| {
        let first = paths.first()?.trim_end_matches('/').to_owned();
        Some(format!("{} not in the bundle, first `{first}`: {why}", count(paths.len(), what)))
    };
    let submodules = named(&checkout.missing_submodules, "submodule", "it is not checked out");
    let sparse = named(&checkout.sparse, "tracked file", "the work tree is sparse");
    submodules.into_iter().chain(sparse)
}

/// What became of the bundles of earlier runs, and in which way this one differs from them though nobody changed anything.
fn earlier(bundle: &Bundle) -> impl Iterator<Item = String> {
    let new = bundle.newly_tracked.first().map(|first| {
        let files = count(bundle.newly_tracked.len(), "file");
        format!("{files} not in the last bundle, first `{first}`: git tracks what a `.gitignore` names, so it ships")
    });
    let removed = (bundle.removed.bundles > 0).then(|| {
        let (old, size) = (count(bundle.removed.bundles, "old bundle"), bytes(bundle.removed.bytes));
        format!("{old} removed ({size}): ten stay, and 2 GB of those that were published")
    });
    new.into_iter().chain(removed)
}

enum Made {
    /// In a dry run.
    Nothing {
        digest: TreeDigest,
        notes: Vec<Note>,
    },
    Bundle(Bundle),
}

#[derive(Debug, thiserror::Error)]
enum NotClean {
    #[error("{} in the work tree {} not committed", count(*changes, "change"), if *changes == 1 { "is" } else { "are" })]
    Changes {
        changes: usize,
        /// A file that only a filter could tell to be as committed.
        filtered: Option<String>,
    },
    #[error("nothing is committed yet")]
    NoCommit,
    #[error("`{}` is in no git repository that git can read", root.display())]
    NoRepository { root: PathBuf },
    #[error("{} not checked out, first `{first}`", match count { 1 => "1 submodule is".to_owned(), many => format!("{many} submodules are") })]
    Submodules { count: usize, first: String },
    #[error("{} not in this sparse work tree, first `{first}`", match count { 1 => "1 tracked file is".to_owned(), many => format!("{many} tracked files are") })]
    Sparse { count: usize, first: String },
    #[error("`{path}` is a git LFS pointer, not the file")]
    Pointer { path: String },
}

impl Fault for NotClean {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Changes { filtered: Some(path), .. } => format!(
                "git's filters were not run, which `{path}` goes through; `git add --renormalize .` or a fresh checkout \
                 makes it known"
            ),
            Self::Submodules { .. } => "run `git submodule update --init --recursive`".to_owned(),
            Self::Sparse { .. } => "run `git sparse-checkout disable`, or use `--source HEAD`".to_owned(),
            Self::Pointer { .. } => "run `git lfs pull`".to_owned(),
            Self::Changes { filtered: None, .. } | Self::NoCommit | Self::NoRepository { .. } => {
                "commit, or leave out `--require-clean`".to_owned()
            }
        })
    }
}
