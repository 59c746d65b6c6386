//! Asked: what a project asks to have installed, and which of its files people change.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::beanstalk::encoding;
use crate::beanstalk::made::Made;
use crate::beanstalk::requirements::{Compiled, FILE, PipenvSource, Pyproject, Requirement, Requirements, Source};
use crate::beanstalk::wheel::Target;
use crate::known::Known;
use crate::secret::{has_credentials, without_credentials};

use super::Error;
use super::index::Indexes;

/// Where people go on to write what they want, once `requirements.txt` is made.
pub(crate) const IN: &str = "requirements.in";

/// The first line of [`IN`], where its content is that of a `requirements.txt` before.
pub(crate) const KEPT: &str = "# `beansprout wheels` makes requirements.txt from this file: change this one.\n";

/// Reads a lock file that Elastic Beanstalk does not: its lines as pip has them, if they can be told; and the command that
/// exports them.
pub(crate) type LockReader = dyn Fn(&str, &str) -> (Option<Vec<String>>, &'static str);

/// A file's content; `None`: there is none.
pub(crate) type FileReader<'a> = dyn Fn(&str) -> Result<Option<Vec<u8>>, Error> + 'a;

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The file that people change.
    pub(crate) from: String,
    pub(crate) requirements: Vec<Requirement>,
    pub(crate) indexes: Indexes,
    /// Of every file that took part.
    pub(crate) digest: String,
    /// The text of a lock, which has the digests of all files that may be installed.
    pub(crate) lock: Option<String>,
    /// What `from` shall hold, if it has to be written.
    pub(crate) write_from: Option<String>,
    /// Lines with credentials that were left out of it.
    pub(crate) stripped: usize,
}

/// `requirements.txt` as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) text: Option<String>,
    pub(crate) made: Option<Made>,
    /// Where a tool wrote it, such as `uv pip compile`.
    pub(crate) compiled: Option<Compiled>,
    pub(crate) requirements: Requirements,
}

const LOCKS: [&str; 3] = ["uv.lock", "poetry.lock", "pdm.lock"];

impl Found {
    pub(crate) fn read(read: &FileReader<'_>) -> Result<Self, Error> {
        let Some(content) = read(FILE)? else { return Ok(Self::default()) };
        let Some(text) = encoding::pip(&content).map(std::borrow::Cow::into_owned) else {
            let why = "it is not UTF-8 text".to_owned();
            return Err(Error::Unread { path: FILE.to_owned(), what: FILE.to_owned(), why });
        };
        let (requirements, _) = follow(FILE, read)?;
        let own: Vec<Requirement> = requirements.lines.iter().filter(|line| line.path == FILE).cloned().collect();
        Ok(Self { made: Made::of(&text), compiled: Compiled::of(&text, &own), text: Some(text), requirements })
    }

    /// Lines that somebody may have added to what a tool wrote, or to what was made here.
    pub(super) fn added(&self) -> impl Iterator<Item = &Requirement> {
        let lines = self.requirements.lines.iter().filter(|line| !line.constraint && !line.name.is_empty());
        lines.filter(|line| match (&self.made, &self.compiled) {
            (Some(_), _) => line.hashes.is_empty(),
            (None, Some(compiled)) => line.path != FILE || compiled.is_added(line),
            (None, None) => true,
        })
    }

    /// The index that a tool's list takes packages from, if nothing else names it: another would be asked instead.
    fn index_beside(&self, asked: &Asked, vars: &BTreeMap<String, String>) -> Option<Error> {
        let named = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"].iter().any(|name| vars.contains_key(*name));
        let option =
            ["--index-url", "--extra-index-url"].iter().find_map(|name| self.requirements.option(name).next())?;
        let beside = !named && asked.indexes == Indexes::default();
        beside.then(|| Error::IndexBeside { option: option.name.clone(), from: asked.from.clone() })
    }

    /// Lines that have an exact version and count on an instance, as constraints: what is installed today stays.
    pub(crate) fn pins(&self, target: Target) -> Result<Vec<String>, Error> {
        let mut pins = Vec::new();
        for line in self.requirements.lines.iter().filter(|line| !line.constraint) {
            if let Some(version) = line.exact()
                && applies(line, target)?
            {
                pins.push(format!("{}=={version}", line.name));
            }
        }
        Ok(pins)
    }
}

impl Asked {
    pub(crate) fn read(
        found: &Found,
        read: &FileReader<'_>,
        lock: &LockReader,
        vars: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let there = |from: &str| read(&file_of(from)).map(|content| content.is_some());
        if let Some(made) = &found.made {
            if !there(&made.from)? {
                return Err(Error::SourceGone { from: made.from.clone() });
            }
            return Self::of_file(&made.from, read, lock, vars);
        }
        if let Some(text) = &found.text {
            // What a lock's own tool exported is that lock.
            let exported = |path: &str| {
                let tool = path.trim_end_matches(".lock");
                text.lines().take(5).any(|line| line.starts_with('#') && line.contains(&format!("{tool} export")))
            };
            for path in LOCKS.into_iter().filter(|path| exported(path)) {
                if there(path)?
                    && let Ok(asked) = Self::of_file(path, read, lock, vars)
                {
                    return Ok(asked);
                }
            }
            // And what another made is what that was made from.
            if let Some(from) = found.compiled.as_ref().and_then(|compiled| compiled.from.as_ref())
                && from != FILE
                && there(from)?
            {
                let asked = Self::of_file(from, read, lock, vars)?;
                return found.index_beside(&asked, vars).map_or(Ok(asked), Err);
            }
            let kept = read(IN)?;
            let ours = kept.as_ref().is_none_or(|content| content.starts_with(KEPT.as_bytes()));
            return if ours { Self::kept(text, found, read, vars) } else { Self::of_file(IN, read, lock, vars) };
        }
        let sources = [Source::PipfileLock, Source::Pipfile].map(Source::file);
        for path in sources.into_iter().chain(LOCKS) {
            if there(path)? {
                return Self::of_file(path, read, lock, vars);
            }
        }
        Err(Error::NothingAsked)
    }

    /// `requirements.txt` as it is becomes the file that people change.
    fn kept(text: &str, found: &Found, read: &FileReader<'_>, vars: &BTreeMap<String, String>) -> Result<Self, Error> {
        let indexes = Indexes::of(&found.requirements, vars)?;
        let mut stripped = 0;
        let lines = text.split_inclusive('\n').map(|line| {
            if !has_credentials(line) {
                return line.to_owned();
            }
            stripped += 1;
            format!("# In PIP_INDEX_URL or PIP_EXTRA_INDEX_URL, with the credentials: {}", without_credentials(line))
        });
        let kept = format!("{KEPT}{}", lines.collect::<String>());
        let (_, mut files) = follow(FILE, read)?;
        files.remove(FILE);
        files.insert(IN.to_owned(), kept.clone().into_bytes());
        let asked = Self {
            from: IN.to_owned(),
            requirements: found.requirements.lines.clone(),
            indexes,
            digest: digest(&files),
            lock: None,
            write_from: Some(kept),
            stripped,
        };
        unread(&found.requirements)?;
        Ok(asked)
    }

    fn of_file(
        path: &str,
        read: &FileReader<'_>,
        lock: &LockReader,
        vars: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let content = read(&file_of(path))?.unwrap_or_default();
        let text = || String::from_utf8_lossy(&content).into_owned();
        let own = BTreeMap::from([(path.to_owned(), content.clone())]);
        let (requirements, indexes, files, lock) = match path {
            "Pipfile.lock" | "Pipfile" => {
                let source = if path == "Pipfile" { Source::Pipfile } else { Source::PipfileLock };
                let itself = |asked: &str| if asked == path { Known::Yes(content.as_slice()) } else { Known::No };
                let requirements = Requirements::of_source(source, &itself);
                let indexes = Indexes::of_sources(path, &PipenvSource::read(source, &content), vars)?;
                (requirements, indexes, own, (path != "Pipfile").then(text))
            }
            path if LOCKS.contains(&path) => {
                let text = text();
                let (lines, export) = lock(path, &text);
                let Some(lines) = lines else {
                    return Err(Error::LockUnread { path: path.to_owned(), export: export.to_owned() });
                };
                let requirements = Requirements::of_text(&lines.join("\n"), path);
                (requirements, Indexes::default(), own, Some(text))
            }
            path => match Pyproject::named(path) {
                Some(pyproject) => {
                    let unread = |why| Error::Unread { path: FILE.to_owned(), what: pyproject.path.clone(), why };
                    let (requirements, content) = pyproject.read(&text()).map_err(unread)?;
                    let files = BTreeMap::from([(path.to_owned(), content.into_bytes())]);
                    (requirements, Indexes::default(), files, None)
                }
                None => {
                    let (requirements, files) = follow(path, read)?;
                    let indexes = Indexes::of(&requirements, vars)?;
                    (requirements, indexes, files, None)
                }
            },
        };
        unread(&requirements)?;
        Ok(Self {
            from: path.to_owned(),
            requirements: requirements.lines,
            indexes,
            digest: digest(&files),
            lock,
            write_from: None,
            stripped: 0,
        })
    }

    /// Lines that count on an instance, without constraints.
    pub(crate) fn on(&self, target: Target) -> Result<Vec<&Requirement>, Error> {
        let mut found = Vec::new();
        for line in self.requirements.iter().filter(|line| !line.constraint) {
            if applies(line, target)? {
                found.push(line);
            }
        }
        Ok(found)
    }

    /// What no index has, and two exact versions of one name.
    pub(crate) fn check(&self, targets: &BTreeSet<Target>) -> Result<(), Error> {
        let foreign = |line: &&Requirement| line.is_opaque();
        let lines: Vec<String> = self
            .requirements
            .iter()
            .filter(foreign)
            .map(|line| format!("`{}` in {}", without_credentials(&line.text), place(line)))
            .collect();
        if !lines.is_empty() {
            return Err(Error::NotFromIndex { lines });
        }
        for target in targets {
            let mut seen: BTreeMap<&str, &Requirement> = BTreeMap::new();
            for line in self.on(*target)? {
                let Some(version) = line.exact() else { continue };
                if let Some(before) = seen.insert(&line.name, line)
                    && !before.exact().is_some_and(|other| crate::beanstalk::wheel::same_version(other, version))
                {
                    let said = |line: &Requirement| format!("`{}` in {}", without_credentials(&line.text), place(line));
                    return Err(Error::Twice { name: line.name.clone(), one: said(before), other: said(line) });
                }
            }
        }
        Ok(())
    }
}

/// The file that is read where this is what a list is made from.
fn file_of(from: &str) -> String {
    Pyproject::named(from).map_or_else(|| from.to_owned(), |pyproject| pyproject.path)
}

/// Does a line count on an instance?
pub(super) fn applies(line: &Requirement, target: Target) -> Result<bool, Error> {
    let text = || line.marker.clone().unwrap_or_default();
    line.holds(&|name| target.variable(name)).ok_or_else(|| Error::Marker { place: place(line), marker: text() })
}

pub(super) fn place(line: &Requirement) -> String {
    format!("{}:{}", line.path, line.line)
}

fn unread(requirements: &Requirements) -> Result<(), Error> {
    match requirements.unread.first() {
        Some(first) => {
            let (path, what, why) = (first.path.clone(), first.what.clone(), first.why.clone());
            Err(Error::Unread { path, what, why })
        }
        None => Ok(()),
    }
}

fn digest(files: &BTreeMap<String, Vec<u8>>) -> String {
    Made::digest_of(files.iter().map(|(path, content)| (path.as_str(), content.as_slice())))
}

/// A requirements file and what it includes, with the content of each.
fn follow(path: &str, read: &FileReader<'_>) -> Result<(Requirements, BTreeMap<String, Vec<u8>>), Error> {
    /// More rounds than files may include each other.
    const ROUNDS: usize = 41;
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let missing = RefCell::new(BTreeSet::new());
        let known = |path: &str| match files.get(path) {
            Some(content) => Known::Yes(content.as_slice()),
            None => {
                missing.borrow_mut().insert(path.to_owned());
                Known::No
            }
        };
        let requirements = Requirements::of_file(path, &known);
        let mut more = BTreeMap::new();
        for path in missing.into_inner() {
            if let Some(content) = read(&path)? {
                more.insert(path, content);
            }
        }
        if more.is_empty() {
            return Ok((requirements, files));
        }
        files.extend(more);
    }
    let why = "too many files include each other".to_owned();
    Err(Error::Unread { path: path.to_owned(), what: path.to_owned(), why })
}
