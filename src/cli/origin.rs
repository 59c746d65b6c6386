//! Origin of a stack, as a project remembers it.

use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use crate::bundle;
use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::stack::{self, ArchiveFormat, ArchiveSource, GitSource, Opened, Recipe, Source, Stack, Tree, Unpacked};
use crate::world::{World, real_path};

/// A stack, and its place so exactly that the very same is found again.
pub(crate) struct Origin {
    pub(crate) stack: Stack,
    pub(crate) spec: Source,
}

impl Origin {
    /// Open what was typed, as it is meant in `dir`.
    pub(crate) fn open(typed: &str, dir: &Path, world: &World) -> Result<Self, Failure> {
        let spec = parse(typed, dir)?;
        match &spec {
            Source::Name(name) if dir.join(name).is_dir() && !Stack::names().contains(name) => {
                Err(Error::NoDot { name: name.clone() }.into())
            }
            _ => Self::at(spec, typed, world),
        }
    }

    /// The recipes of a folder or of a repository, and where exactly they are from.
    pub(crate) fn recipes(typed: &str, world: &World) -> Result<(Vec<Recipe>, String), Failure> {
        let source = parse(typed, &world.dir)?;
        let (tree, source) = match source {
            Source::Folder(folder) => (Tree::folder(Path::new(&folder))?, Source::Folder(folder)),
            git @ Source::Git(_) => {
                let Opened { tree, source } = files(git, Recipe::belongs, world)?;
                (tree, source)
            }
            Source::Name(_) | Source::Archive(_) => {
                return Err(stack::Error::RecipesElsewhere { place: typed.to_owned() }.into());
            }
        };
        Ok((Recipe::read(&tree, typed)?, source.to_string()))
    }

    /// Open the stack in a folder, whatever it is called.
    pub(crate) fn in_folder(folder: &Path, place: &str, world: &World) -> Result<Self, Failure> {
        Self::at(Source::Folder(folder.display().to_string()), place, world)
    }

    /// Open what messages call `place`.
    fn at(spec: Source, place: &str, world: &World) -> Result<Self, Failure> {
        if let Source::Name(name) = &spec {
            return Ok(Self { stack: Stack::named(name)?, spec });
        }
        let Opened { tree, source } = files(spec, Tree::belongs, world)?;
        let stack =
            Stack::compose(&tree, &source, place, &mut |part, from| files(inside(part, from)?, Tree::belongs, world))?;
        Ok(Self { stack, spec: source })
    }

    /// The same stack at another revision of its repository.
    pub(crate) fn moved(typed: &str, revision: &str, dir: &Path, world: &World) -> Result<Self, Failure> {
        match parse(typed, dir)? {
            Source::Git(git) => Self::at(Source::Git(git.at(revision)?), typed, world),
            _ => Err(Error::NotGit { spec: typed.to_owned() }.into()),
        }
    }
}

/// A part's source, as the manifest of the stack at `from` names it.
fn inside(part: &str, from: &Source) -> Result<Source, Failure> {
    let outside = || stack::Error::PartOutside { part: part.to_owned(), from: from.to_string() };
    let below = |folder: Option<&str>| joined(folder.unwrap_or_default(), part).ok_or_else(outside);
    let plain = part.starts_with('.') && !part.contains(['@', '#']);
    match from {
        // Beside it in the same commit, or in the same archive.
        Source::Git(git) if plain => {
            Ok(Source::Git(GitSource { subdirectory: below(git.subdirectory.as_deref())?, ..git.clone() }))
        }
        Source::Archive(archive) if plain => {
            let subdirectory = below(archive.subdirectory.as_deref())?;
            Ok(Source::Archive(ArchiveSource { subdirectory, ..archive.clone() }))
        }
        _ => {
            let dir = match from {
                Source::Folder(folder) => PathBuf::from(folder),
                // A stack that came from elsewhere cannot say what is read on this machine.
                _ if !part.contains("://") && !part.contains('@') => return Err(outside().into()),
                _ => PathBuf::new(),
            };
            match parse(part, &dir)? {
                Source::Git(GitSource { revision: None, .. }) => {
                    Err(stack::Error::PartMoving { part: part.to_owned() }.into())
                }
                source => Ok(source),
            }
        }
    }
}

/// A folder seen from another one; nothing if it is not below the same top.
fn joined(folder: &str, relative: &str) -> Option<Option<String>> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(Some(parts.join("/")).filter(|folder| !folder.is_empty()))
}

/// The files at a source.
fn files(source: Source, belongs: fn(&str) -> bool, world: &World) -> Result<Opened, Failure> {
    let (tree, source) = match source {
        Source::Name(name) => return Err(stack::Error::PartElsewhere { part: name }.into()),
        Source::Folder(folder) => (Tree::stack_folder(Path::new(&folder))?, Source::Folder(folder)),
        Source::Git(git) => {
            let scratch = file::temporary_folder()?;
            let left_behind = scratch.path().to_owned();
            let _guard = world.interrupt.guard(move || {
                let _ = std::fs::remove_dir_all(left_behind);
            });
            let (tree, commit) = git.fetch(scratch.path(), belongs)?;
            // A branch goes on; a commit does not.
            (tree, Source::Git(GitSource { revision: Some(commit), ..git }))
        }
        Source::Archive(archive) => {
            let bytes = archive.read()?;
            archive.hold_to_digest(&bytes)?;
            let unpacked = match archive.format {
                ArchiveFormat::TarGz => Unpacked::tar_gz(&bytes, &archive.path)?,
                ArchiveFormat::Zip => unzip(&bytes, &archive.path)?,
            };
            (unpacked.tree(archive.subdirectory.as_deref())?, Source::Archive(archive))
        }
    };
    Ok(Opened { tree, source })
}

/// The typed place, made the same from everywhere.
fn parse(typed: &str, dir: &Path) -> Result<Source, stack::Error> {
    let spec = Source::parse(typed, |path| dir.join(path).is_dir())?;
    Ok(spec.anchored(|path| {
        // Without `.`, and without `..` where that can be told.
        let path: PathBuf = dir.join(path).components().collect();
        let climbs = path.components().any(|part| part == Component::ParentDir);
        let path = if climbs { real_path(&path).unwrap_or(path) } else { path };
        path.display().to_string()
    }))
}

/// `zip` has one door, which is the bundle's; so this is not beside `tar`.
fn unzip(bytes: &[u8], place: &str) -> Result<Unpacked, Failure> {
    let failed = |source| stack::Error::Archive { path: place.to_owned(), source };
    let mut file = file::temporary()?;
    file.write_all(bytes).map_err(|source| Error::Temporary { source })?;
    let mut opened = bundle::Reader::read(file, Path::new(place)).map_err(|error| failed(io::Error::other(error)))?;
    let mut unpacked = Unpacked::default();
    for index in 0..opened.entries() {
        let entry = opened.listed(index).map_err(|error| failed(io::Error::other(error)))?;
        let path = entry.text().map_err(|bad| failed(io::Error::other(format!("`{}` {bad}", entry.lossy()))))?;
        if entry.is_link {
            unpacked.other(path)?;
        } else if !entry.is_dir {
            unpacked.check(path, entry.size)?;
            let mut content = Vec::new();
            opened.content(index, entry.size, |piece| content.extend_from_slice(piece)).map_err(failed)?;
            unpacked.file(path, content)?;
        }
    }
    Ok(unpacked)
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("failed to make a temporary file or folder")]
    Temporary { source: io::Error },
    #[error("there is no built-in stack `{name}`")]
    NoDot { name: String },
    #[error("stack `{spec}` is not from git, so it has no revisions")]
    NotGit { spec: String },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Temporary { .. } => Exit::Invalid,
            Self::NoDot { .. } | Self::NotGit { .. } => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Temporary { .. } => Some("`TMPDIR` names the folder for them".to_owned()),
            Self::NoDot { name } => Some(format!("`./{name}` is the folder of that name")),
            Self::NotGit { .. } => Some("`--stack` names another place for it".to_owned()),
        }
    }
}
