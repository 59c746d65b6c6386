//! Which version goes into an environment, and what its files say.

use std::collections::{BTreeMap, BTreeSet};

use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::tree::Tree;
use crate::bundle::Reader;
use crate::cli::aws::Connected;
use crate::cli::package::{self, Built};
use crate::cli::publish;
use crate::environment::{self, Release};
use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::project::Project;
use crate::release::{
    self, BundleFile, BundleStore, Bytes, Chosen, ChosenBundle, DownloadEvent, Location, PublishRequest, Target, Why,
};
use crate::ui::{Progress, Ui};
use crate::world::World;

/// Versions of one launch: each bundle is looked into once, and the project is packed once.
pub(crate) struct Versions<'a> {
    project: &'a Project,
    aws: &'a Connected,
    store: &'a BundleStore,
    world: &'a World,
    built: Option<Built>,
    /// Bundles that were built here and are part of the launch, by label.
    packed: BTreeMap<String, PublishRequest>,
    /// What bundles say, and the SHA-256 of each. `None`: it is gone.
    read: BTreeMap<Location, Option<(String, Customizations)>>,
    /// What could not be packed again: label, digest and commit.
    lost: BTreeSet<(String, Option<String>, Option<String>)>,
}

impl<'a> Versions<'a> {
    pub(crate) fn new(project: &'a Project, aws: &'a Connected, store: &'a BundleStore, world: &'a World) -> Self {
        Self {
            project,
            aws,
            store,
            world,
            built: None,
            packed: BTreeMap::new(),
            read: BTreeMap::new(),
            lost: BTreeSet::new(),
        }
    }

    pub(crate) fn choose(
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
                if bundle == ChosenBundle::Packed {
                    let built = self.built.as_ref().expect("its label was asked for");
                    self.packed.insert(label.clone(), publish::as_it_is(self.project, built)?);
                }
                Chosen { label, why: Why::Project, bundle }
            }
        };
        // The content decides: what is gone from the bucket may lie here, or be built again from its commit.
        if let ChosenBundle::Gone { digest, commit } = &chosen.bundle {
            let what = (chosen.label.clone(), digest.clone(), commit.clone());
            if !self.lost.contains(&what) {
                match self.again(&chosen.label, digest.as_deref(), commit.as_deref(), ui)? {
                    true => chosen.bundle = ChosenBundle::Packed,
                    false => drop(self.lost.insert(what)),
                }
            }
        }
        let customizations = match &chosen.bundle {
            ChosenBundle::Packed => {
                let packed = self.packed.get(&chosen.label).expect("it was just packed");
                of(&mut Reader::open(&packed.bundle_file.path)?)?
            }
            ChosenBundle::Registered { bundle: Some(at), .. } | ChosenBundle::Stored(at) => {
                let captured = description.version.as_ref().filter(|captured| captured.label == chosen.label);
                self.at(at, captured, &description.name, ui)?
            }
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

    /// Pack a version that is gone from the bucket. `false`: neither the tree nor its commit gives it.
    fn again(&mut self, label: &str, digest: Option<&str>, commit: Option<&str>, ui: &mut Ui) -> Result<bool, Failure> {
        if self.packed.contains_key(label) {
            return Ok(true);
        }
        let ours = self.label(ui)?;
        let same = |found: &Built| digest == Some(found.bundle.digest.to_string().as_str());
        let built = self.built.as_ref().expect("its label was asked for");
        if ours == label || same(built) {
            let request = PublishRequest { label: label.to_owned(), ..publish::as_it_is(self.project, built)? };
            self.packed.insert(label.to_owned(), request);
            return Ok(true);
        }
        let Some(built) = commit.and_then(|commit| from_commit(self.project, commit, self.world, ui)) else {
            return Ok(false);
        };
        if built.bundle.digest.label(&self.project.name()) != label && !same(&built) {
            ui.warn(format_args!("what was built again for `{label}` has another digest, {}", built.bundle.digest));
            return Ok(false);
        }
        let request = PublishRequest { label: label.to_owned(), ..publish::as_it_is(self.project, &built)? };
        self.packed.insert(label.to_owned(), request);
        Ok(true)
    }

    /// What the bundle at a place says.
    fn at(
        &mut self,
        at: &Location,
        captured: Option<&Release>,
        name: &str,
        ui: &mut Ui,
    ) -> Result<Customizations, Failure> {
        match self.read.get(at) {
            Some(None) => return Ok(Customizations::read(&Tree::default())),
            Some(Some((sha256, known))) if described(at, captured).is_none_or(|described| described == sha256) => {
                return Ok(known.clone());
            }
            _ => {}
        }
        let Some(mut fetched) = look_into(at, self.store, self.aws, ui)? else {
            self.read.insert(at.clone(), None);
            return Ok(Customizations::read(&Tree::default()));
        };
        fetched.hold_to(at, captured, name)?;
        let customizations = of(&mut fetched.opened)?;
        self.read.insert(at.clone(), Some((fetched.bytes.sha256, customizations.clone())));
        Ok(customizations)
    }

    /// What has to be published first, because the launch is made of it.
    pub(crate) fn packed(&self) -> Result<Vec<PublishRequest>, Failure> {
        Ok(self.packed.values().cloned().collect())
    }
}

/// The bundle of a commit. `None`: git has it not any more, and why is said.
fn from_commit(project: &Project, commit: &str, world: &World, ui: &mut Ui) -> Option<Built> {
    ui.say(format_args!("building again from {commit}"));
    match package::build_from(project, commit, world, ui) {
        Ok(built) => Some(built),
        Err(failure) => {
            ui.warn(format_args!("{commit} cannot be built again: {}", failure.line()));
            None
        }
    }
}

/// The bundle of a version that was captured.
pub(crate) enum Kept {
    Here(BundleFile),
    /// Built again, and not the same.
    Other {
        digest: String,
    },
    Nowhere,
}

/// The bundle of a captured version, without AWS: as it is kept here, as the tree has it, or built again from its commit.
pub(crate) fn kept(version: &Release, project: &Project, world: &World, ui: &mut Ui) -> Result<Kept, Failure> {
    let path = project.state()?.file(&format!("bundles/{}.zip", version.label))?;
    if path.is_file()
        && let Ok(manifest) = Reader::open(&path).and_then(|mut opened| opened.manifest())
        && (version.digest.is_empty() || version.digest == manifest.digest.to_string())
    {
        return Ok(Kept::Here(BundleFile::open(&path, manifest.digest)?));
    }
    let mut other = None;
    for commit in [None, version.commit.as_deref()].into_iter().take(1 + usize::from(version.commit.is_some())) {
        let built = match commit {
            None => Some(package::build(project, world, ui)?),
            Some(commit) => from_commit(project, commit, world, ui),
        };
        let Some(built) = built else { continue };
        let digest = built.bundle.digest;
        if version.digest == digest.to_string() || digest.label(&project.name()) == version.label {
            return Ok(Kept::Here(BundleFile::open(&built.bundle.path, digest)?));
        }
        if commit.is_some() {
            other = Some(digest.to_string());
        }
    }
    Ok(other.map_or(Kept::Nowhere, |digest| Kept::Other { digest }))
}

/// What takes part in a deployment, of a bundle.
pub(crate) fn of(opened: &mut Reader) -> Result<Customizations, Failure> {
    let mut tree = Tree::default();
    for (path, content) in opened.files(Tree::reads, Tree::MAX_READ)? {
        tree = tree.file(&path, content);
    }
    Ok(Customizations::read(&tree))
}

#[derive(Debug, thiserror::Error)]
#[error("`{at}` holds other bytes than `{file}` has for `{label}`")]
struct OtherBytes {
    at: Location,
    file: String,
    label: String,
    described: String,
    found: String,
    /// Version of the object that was captured.
    version_id: Option<String>,
}

impl Fault for OtherBytes {
    fn exit(&self) -> Exit {
        Exit::Conflict
    }

    fn hint(&self) -> Option<String> {
        let Self { described, found, at, file, version_id, .. } = self;
        let back = match version_id {
            Some(id) => format!(
                "the object's version {id} was it (`aws s3api get-object --bucket {} --key {} --version-id {id} bundle.zip`)",
                at.bucket, at.key
            ),
            None => "bring the bundle back".to_owned(),
        };
        Some(format!(
            "SHA-256 should be {described}, and is {found}; nothing was launched: {back}, or take `sha256` out of `{file}` if what is there is right"
        ))
    }
}

/// SHA-256 that a description has of the bundle at a place.
fn described<'a>(at: &Location, captured: Option<&'a Release>) -> Option<&'a str> {
    let bundle = captured?.bundle.as_ref().filter(|bundle| bundle.bucket == at.bucket && bundle.key == at.key)?;
    bundle.sha256.as_deref()
}

impl Fetched {
    /// A bundle that was captured is still what it was: the very bytes, or the same tree packed anew.
    fn hold_to(&mut self, at: &Location, captured: Option<&Release>, name: &str) -> Result<(), Failure> {
        let (Some(captured), Some(described)) = (captured, described(at, captured)) else { return Ok(()) };
        if *described == self.bytes.sha256 || self.opened.manifest()?.digest.to_string() == captured.digest {
            return Ok(());
        }
        let (label, described, found) = (captured.label.clone(), described.to_owned(), self.bytes.sha256.clone());
        let version_id = captured.bundle.as_ref().and_then(|bundle| bundle.version_id.clone());
        Err(OtherBytes { at: at.clone(), file: environment::path(name), label, described, found, version_id }.into())
    }
}

/// A bundle that was fetched.
pub(crate) struct Fetched {
    pub(crate) opened: Reader,
    pub(crate) bytes: Bytes,
    /// Version of the object, where the bucket keeps versions.
    pub(crate) version_id: Option<String>,
}

/// The bundle at a place. `None`: it is gone.
pub(crate) fn look_into(
    at: &Location,
    store: &BundleStore,
    aws: &Connected,
    ui: &mut Ui,
) -> Result<Option<Fetched>, Failure> {
    let mut progress = Progress::hidden();
    let mut content = file::temporary()?;
    let mut version_id = None;
    let there = release::fetch_bundle(aws, store, at, &mut content, &mut |event| match event {
        DownloadEvent::Downloading { bytes, from, version } => {
            version_id = version.map(str::to_owned);
            ui.say(format_args!("looking into `{from}`"));
            progress = ui.progress("downloading", bytes);
        }
        DownloadEvent::Received { bytes } => progress.advance(bytes),
    })?;
    if !there {
        return Ok(None);
    }
    let bytes = Bytes::of(&mut content).map_err(|source| release::StoreError::Keep { source })?;
    let opened = Reader::read(content, std::path::Path::new(&at.to_string()))?;
    Ok(Some(Fetched { opened, bytes, version_id }))
}
