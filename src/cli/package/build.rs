//! One build: read, decide, write, and what to say of it.

use std::path::{Path, PathBuf};

use crate::bundle::{
    Bundle, Checkout, Error, IgnoreMode, MANY, MAX_BYTES, Output, PackOptions, Plan, Reason, Scope, TreeDigest, Trust,
    where_most_is, write_beside,
};
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::ui::{Ui, bytes, count};
use crate::world::World;

use super::answer::Packaged;
use super::manifest;
use super::mode_difference::ModeDifference;

/// One build, with every question answered.
pub(super) struct Build<'a> {
    pub(super) project: &'a Project,
    pub(super) scope: Scope,
    pub(super) output: Option<PathBuf>,
    pub(super) manifest: Option<PathBuf>,
    pub(super) clean: bool,
    pub(super) dry_run: bool,
    pub(super) trust: Trust,
}

impl Build<'_> {
    pub(super) fn run(self, world: &World, ui: &mut Ui) -> Result<Packaged, Failure> {
        let checkout = Checkout::start(&self.project.root);
        let plan = Plan::read(&self.scope)?;
        if self.clean {
            let checkout = checkout.compare(&plan).finish();
            self.require_clean(checkout.as_ref())?;
            let made = self.make(&plan, world, ui)?;
            return self.report(&plan, made, checkout, ui);
        }
        // If git has to look at the work tree, it does so meanwhile.
        let (checkout, made) = checkout.compare_during(&plan, || self.make(&plan, world, ui));
        self.report(&plan, made?, checkout.finish(), ui)
    }

    fn require_clean(&self, checkout: Option<&Checkout>) -> Result<(), NotClean> {
        match checkout {
            None => Err(NotClean::NoRepository { root: self.project.root.clone() }),
            Some(Checkout { revision: None, .. }) => Err(NotClean::NoCommit),
            Some(Checkout { changes: 0, .. }) => Ok(()),
            Some(Checkout { changes, .. }) => Err(NotClean::Changes { changes: *changes }),
        }
    }

    fn max_bytes(&self) -> u64 {
        self.project.config.bundle.max_bytes.unwrap_or(MAX_BYTES)
    }

    fn make(&self, plan: &Plan, world: &World, ui: &mut Ui) -> Result<Made, Failure> {
        plan.check()?;
        let files = plan.entries().len();
        if files >= MANY {
            let files = count(files, "file");
            ui.warn(format_args!("{files} need zip64, which unzip on the instance reads and some tools do not"));
        }
        let progress = ui.progress("packaging", plan.size());
        let dir = self.project.state_dir().join("bundles");
        let cache = Some((dir.as_path(), self.trust));
        let options =
            PackOptions { progress: &progress, interrupt: &world.interrupt, max_bytes: self.max_bytes(), cache };
        if self.dry_run {
            return Ok(Made::Digest(plan.manifest(&options)?.digest));
        }
        let output = match &self.output {
            Some(path) => Output::File(path.clone()),
            None => {
                hide_from_git(&self.project.state_dir())?;
                Output::Labelled { dir: dir.clone(), name: self.project.name() }
            }
        };
        Ok(Made::Bundle(plan.write(&output, &options)?))
    }

    fn report(self, plan: &Plan, made: Made, checkout: Option<Checkout>, ui: &mut Ui) -> Result<Packaged, Failure> {
        let (digest, bundle) = match made {
            Made::Digest(digest) => (digest, None),
            Made::Bundle(bundle) => (bundle.digest, Some(bundle)),
        };
        for left_out in plan.left_out().iter().filter(|left_out| left_out.reason == Reason::Output) {
            ui.say(format_args!("`{}` stays out: {}", left_out.path, left_out.reason));
        }
        let notes = bundle.as_ref().map(|bundle| bundle.notes.clone()).unwrap_or_default();
        for note in &notes {
            ui.warn(note);
        }
        if let Some(bundle) = &bundle
            && bundle.bytes >= self.max_bytes() / 10 * 8
        {
            let (size, limit) = (bytes(bundle.bytes), bytes(self.max_bytes()));
            let largest = where_most_is(&plan.largest(5));
            ui.warn(format_args!("the bundle has {size} of the {limit} that it may have; {largest}"));
        }
        let other_mode = match self.scope.ignore {
            IgnoreMode::Git => None,
            IgnoreMode::EbCli => Some(ModeDifference::of(plan, &self.scope)?),
        };
        if let Some(other) = &other_mode {
            ui.warn(other);
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

enum Made {
    Digest(TreeDigest),
    Bundle(Bundle),
}

/// Our state is nobody's source: git shall not see it, whatever the project's own `.gitignore` says.
fn hide_from_git(state_dir: &Path) -> Result<(), Error> {
    let path = state_dir.join(".gitignore");
    if path.exists() {
        return Ok(());
    }
    let failed = |source| Error::Write { path: state_dir.to_owned(), source };
    std::fs::create_dir_all(state_dir).map_err(failed)?;
    write_beside(&path, b"*\n")
}

#[derive(Debug, thiserror::Error)]
enum NotClean {
    #[error("{} in the work tree {} not committed", count(*changes, "change"), if *changes == 1 { "is" } else { "are" })]
    Changes { changes: usize },
    #[error("nothing is committed yet")]
    NoCommit,
    #[error("`{}` is in no git repository that git can read", root.display())]
    NoRepository { root: PathBuf },
}

impl Fault for NotClean {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some("commit, or leave out `--require-clean`".to_owned())
    }
}
