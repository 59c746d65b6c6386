//! Which version goes into an environment, and what its files say.

use std::collections::BTreeMap;

use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::tree::Tree;
use crate::bundle::Reader;
use crate::cli::aws::Connected;
use crate::cli::package::{self, Built};
use crate::cli::publish;
use crate::fault::Failure;
use crate::file;
use crate::project::Project;
use crate::release::{self, BundleStore, Chosen, ChosenBundle, DownloadEvent, Location, PublishRequest, Target, Why};
use crate::ui::{Progress, Ui};
use crate::world::World;

/// Versions of one launch: each bundle is looked into once, and the project is packed once.
pub(super) struct Versions<'a> {
    project: &'a Project,
    aws: &'a Connected,
    store: &'a BundleStore,
    world: &'a World,
    built: Option<Built>,
    /// Is the bundle that was built here part of the launch?
    used: bool,
    read: BTreeMap<Location, Customizations>,
}

impl<'a> Versions<'a> {
    pub(super) fn new(project: &'a Project, aws: &'a Connected, store: &'a BundleStore, world: &'a World) -> Self {
        Self { project, aws, store, world, built: None, used: false, read: BTreeMap::new() }
    }

    pub(super) fn choose(
        &mut self,
        target: &Target,
        named: Option<&str>,
        ui: &mut Ui,
    ) -> Result<(Chosen, Customizations), Failure> {
        let Target { application, description, .. } = target;
        let chosen = release::choose(self.aws, self.store, application, description, named)?;
        let mut chosen = match chosen {
            Some(chosen) => chosen,
            None => {
                let label = self.label(ui)?;
                let bundle = release::registered(self.aws, application, &label)?.unwrap_or(ChosenBundle::Packed);
                Chosen { label, why: Why::Project, bundle }
            }
        };
        // The content decides: what is gone from the bucket may lie here.
        if matches!(chosen.bundle, ChosenBundle::Gone { .. }) && self.label(ui)? == chosen.label {
            chosen.bundle = ChosenBundle::Packed;
        }
        let customizations = match &chosen.bundle {
            ChosenBundle::Packed => {
                self.used = true;
                let built = self.built.as_ref().expect("its label was asked for");
                of(&mut Reader::open(&built.bundle.path)?)?
            }
            ChosenBundle::Registered { bundle: Some(at), .. } | ChosenBundle::Stored(at) => self.at(at, ui)?,
            ChosenBundle::Registered { bundle: None, .. } | ChosenBundle::Gone { .. } => {
                Customizations::read(&Tree::default())
            }
        };
        Ok((chosen, customizations))
    }

    /// The label of what the project holds.
    fn label(&mut self, ui: &mut Ui) -> Result<String, Failure> {
        if self.built.is_none() {
            self.built = Some(package::build(self.project, self.world, ui)?);
        }
        let built = self.built.as_ref().expect("it was just built");
        Ok(built.bundle.digest.label(&self.project.name()))
    }

    /// What the bundle at a place says.
    fn at(&mut self, at: &Location, ui: &mut Ui) -> Result<Customizations, Failure> {
        if let Some(known) = self.read.get(at) {
            return Ok(known.clone());
        }
        let read = look_into(at, self.store, self.aws, ui)?;
        let customizations = read.unwrap_or_else(|| Customizations::read(&Tree::default()));
        self.read.insert(at.clone(), customizations.clone());
        Ok(customizations)
    }

    /// What has to be published first, if the launch is made of the project's own tree.
    pub(super) fn packed(&self) -> Result<Option<PublishRequest>, Failure> {
        match self.built.as_ref().filter(|_| self.used) {
            Some(built) => Ok(Some(publish::as_it_is(self.project, built)?)),
            None => Ok(None),
        }
    }
}

/// What takes part in a deployment, of a bundle.
pub(crate) fn of(opened: &mut Reader) -> Result<Customizations, Failure> {
    let mut tree = Tree::default();
    for (path, content) in opened.files(Tree::reads, Tree::MAX_READ)? {
        tree = tree.file(&path, content);
    }
    Ok(Customizations::read(&tree))
}

/// What the bundle at a place says. `None`: it is gone.
pub(crate) fn look_into(
    at: &Location,
    store: &BundleStore,
    aws: &Connected,
    ui: &mut Ui,
) -> Result<Option<Customizations>, Failure> {
    let mut progress = Progress::hidden();
    let mut content = file::temporary()?;
    let there = release::fetch_bundle(aws, store, at, &mut content, &mut |event| match event {
        DownloadEvent::Downloading { bytes, from } => {
            ui.say(format_args!("looking into `{from}`"));
            progress = ui.progress("downloading", bytes);
        }
        DownloadEvent::Received { bytes } => progress.advance(bytes),
    })?;
    match there {
        true => Ok(Some(of(&mut Reader::read(content, std::path::Path::new(&at.to_string()))?)?)),
        false => Ok(None),
    }
}
