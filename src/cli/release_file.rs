//! The file of a release: read, brought up to date, written.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::eb_cli_settings;
use super::gate::Checked;
use super::package::Built;
use crate::bundle::{self, Plan, Source};
use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::project::{IsOutput, Project};
use crate::release::{
    Deployed, Health, Outcome, Published, RELEASE, ReleaseDeployment, ReleaseFile, ReleasePlace, ReleasedArchive,
    ReleasedCheck, ReleasedSource, ReleasedTree,
};
use crate::world::World;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("there is no file `{}`", path.display())]
    NotThere { path: PathBuf },
    #[error("`{}` is not a release", path.display())]
    NotOne { path: PathBuf, source: serde_json::Error },
    #[error("`{}` is a release of another format: `{found}`", path.display())]
    Format { path: PathBuf, found: String },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some("`beansprout publish --release FILE` writes one".to_owned())
    }
}

/// The first field of a statement.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// Files that a release is written to, if any.
pub(crate) struct Outputs {
    release: Option<PathBuf>,
    statement: Option<PathBuf>,
}

impl Outputs {
    pub(crate) fn new(release: Option<&Path>, statement: Option<&Path>, world: &World) -> Self {
        Self { release: release.map(|path| world.resolve(path)), statement: statement.map(|path| world.resolve(path)) }
    }

    /// Refuse one that cannot be written, would replace somebody's work, or ship in the next bundle. `plan` has what ships, if it was read.
    pub(crate) fn refuse(&self, plan: Option<&Plan>, project: &Project, world: &World) -> Result<(), bundle::Error> {
        let is_release: IsOutput = |content| serde_json::from_slice::<ReleaseFile>(content).is_ok();
        let release = self.release.iter().map(|path| (path.as_path(), is_release));
        let statement = self.statement.iter().map(|path| (path.as_path(), is_statement as IsOutput));
        let outputs: Vec<(&Path, IsOutput)> = release.chain(statement).collect();
        project.refuse_replacing(&outputs, plan, world)?;
        plan.into_iter().try_for_each(|plan| outputs.iter().try_for_each(|(path, _)| plan.refuse_shipping(path)))?;
        Ok(file::refuse_unwritable(outputs.iter().map(|(path, _)| *path))?)
    }

    /// Write what was just published, and how it runs where it was deployed.
    pub(crate) fn write(
        &self,
        project: &Project,
        built: &Built,
        (published, at): (&Published, Timestamp),
        deployed: Option<&Deployed>,
        checked: Option<Checked>,
        world: &World,
    ) -> Result<(), Failure> {
        let Some(path) = &self.release else { return Ok(()) };
        let mut release = of(path, project, built, published, checked)?;
        note(&mut release, (published, at), deployed, world);
        write(path, &release)?;
        if let Some(path) = &self.statement {
            file::write_named(path, statement(&release).as_bytes())?;
        }
        Ok(())
    }
}

fn is_statement(content: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(content).is_ok_and(|found| found["_type"] == STATEMENT)
}

pub(crate) fn read(path: &Path) -> Result<ReleaseFile, Failure> {
    let content = file::read_if_there(path)?.ok_or_else(|| Error::NotThere { path: path.to_owned() })?;
    let release: ReleaseFile =
        serde_json::from_slice(&content).map_err(|source| Error::NotOne { path: path.to_owned(), source })?;
    match release.schema == RELEASE {
        true => Ok(release),
        false => Err(Error::Format { path: path.to_owned(), found: release.schema }.into()),
    }
}

pub(crate) fn write(path: &Path, release: &ReleaseFile) -> Result<(), Failure> {
    Ok(file::write_named(path, release.text().as_bytes())?)
}

/// It lies where it was published, since then, and runs where it was deployed well, since now.
pub(crate) fn note(
    release: &mut ReleaseFile,
    (published, at): (&Published, Timestamp),
    deployed: Option<&Deployed>,
    world: &World,
) {
    release.lies_at(ReleasePlace {
        account: published.account.clone(),
        region: published.region.clone(),
        bucket: published.bundle.bucket.clone(),
        key: published.bundle.key.clone(),
        time: at,
    });
    let well = |deployed: &&Deployed| deployed.outcome != Outcome::Started && deployed.health == Health::Good;
    if let Some(deployed) = deployed.filter(well) {
        release.runs_at(ReleaseDeployment {
            environment: deployed.environment.to_string(),
            time: world.now(),
            health: deployed.health.to_string(),
        });
    }
}

/// The file of what was just published: a new one, or the one that is there, if it is of the same release.
fn of(
    path: &Path,
    project: &Project,
    built: &Built,
    published: &Published,
    checked: Option<Checked>,
) -> Result<ReleaseFile, Failure> {
    let checkout = built.checkout.as_ref();
    let head = checkout.and_then(|checkout| checkout.revision.clone());
    let release = ReleaseFile {
        schema: RELEASE.to_owned(),
        name: project.name(),
        label: published.label.clone(),
        tree: ReleasedTree { format: 1, digest: published.digest.to_string() },
        archive: ReleasedArchive {
            sha256: published.sha256.clone(),
            bytes: published.bytes,
            format: "zip/1".to_owned(),
        },
        source: ReleasedSource {
            kind: match &built.source {
                Source::Worktree => "worktree",
                Source::Index => "index",
                Source::Revision(_) => "revision",
            }
            .to_owned(),
            commit: built.revision.clone().or(head),
            dirty: match &built.source {
                Source::Revision(_) => Some(false),
                _ => checkout.map(|checkout| checkout.changes > 0),
            },
        },
        check: checked.map(|Checked { errors, warnings }| ReleasedCheck {
            errors,
            warnings,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
        }),
        platform: eb_cli_settings::read(project)?
            .platform()
            .and_then(|platform| platform.branch)
            .map(|branch| branch.name.to_owned()),
        published: Vec::new(),
        deployed: Vec::new(),
    };
    // A file of something else, or none at all, is written anew.
    match read(path) {
        Ok(known) if known.is_same(&release) => {
            Ok(ReleaseFile { published: known.published, deployed: known.deployed, ..release })
        }
        _ => Ok(release),
    }
}

/// An in-toto statement about the bytes, for whoever signs it.
fn statement(release: &ReleaseFile) -> String {
    let statement = serde_json::json!({
        "_type": STATEMENT,
        "subject": [{ "name": format!("{}.zip", release.label), "digest": { "sha256": release.archive.sha256 } }],
        "predicateType": "https://in-toto.io/attestation/release/v0.1",
        "predicate": {
            "purl": format!("pkg:generic/{}@{}", release.name, release.label),
            "releaseId": release.tree.digest,
        },
    });
    format!("{statement:#}\n")
}
