//! The interpreter and the virtual environment of an instance.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::error::{Error, Io};
use super::isolation::{Argv, Program, find};
use super::journal::Journal;
use super::layout::{STAGING, VENV};
use super::machine::{Machine, Ran};
use crate::world::World;

/// Creating and filling an environment takes minutes where packages are built from source.
const LIMIT: Duration = Duration::from_secs(600);

/// The interpreter that virtual environments are made of.
#[derive(Debug, Clone)]
pub(crate) struct Python {
    program: PathBuf,
    /// Such as `3.13`.
    pub(crate) version: String,
    /// The platform's, where that is another.
    pub(crate) stands_in_for: Option<String>,
}

impl Python {
    /// `python<version>` where the platform's is known and installed, else `python3`.
    pub(crate) fn find(world: &World, version: Option<&str>) -> Result<Self, Error> {
        let path = world.var("PATH").unwrap_or_default();
        let exact = version.and_then(|version| find(&format!("python{version}"), path));
        // Else the nearest: packages that one of them cannot have, its neighbour most likely can.
        let wanted: Option<u32> = version.and_then(|version| version.strip_prefix("3.")?.parse().ok());
        let mut others: Vec<u32> =
            wanted.map(|wanted| (8..=20).filter(|minor| *minor != wanted).collect()).unwrap_or_default();
        others.sort_by_key(|minor| minor.abs_diff(wanted.unwrap_or_default()));
        let nearest = others.into_iter().filter_map(|minor| find(&format!("python3.{minor}"), path));
        let candidates = exact.into_iter().chain(nearest).chain(find("python3", path));
        // A shim asks the home folder which Python is meant, and on the instance that is another folder.
        for candidate in candidates {
            if let Some(python) = Self::ask(&candidate, world) {
                let other = version.filter(|version| *version != python.version).map(str::to_owned);
                return Ok(Self { stands_in_for: other, ..python });
            }
        }
        Err(Error::PythonMissing { name: "python3".to_owned() })
    }

    fn ask(candidate: &Path, world: &World) -> Option<Self> {
        const QUESTION: &str = "import sys; print(getattr(sys, '_base_executable', sys.executable)); print('%d.%d' % sys.version_info[:2])";
        let output = Command::new(candidate)
            .args(["-I", "-c", QUESTION])
            .env_clear()
            .envs(&world.vars)
            .current_dir("/")
            .stdin(Stdio::null())
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        let mut lines = text.lines();
        Some(Self { program: PathBuf::from(lines.next()?), version: lines.next()?.to_owned(), stands_in_for: None })
    }

    pub(crate) fn program(&self) -> &str {
        self.program.to_str().expect("it was read as text")
    }

    /// Make the virtual environment, or keep the one that is there if it is of this Python and this isolation.
    pub(crate) fn venv(&self, machine: &Machine, journal: &Arc<Journal>, reuse: Reuse) -> Result<Venv, Error> {
        let stamp = machine.layout.real("/var/app/venv/.made-of");
        let made_of = format!("{} {} {}", self.program.display(), self.version, machine.isolation.name());
        let kept = std::fs::read_to_string(&stamp).ok();
        let (was, installed) = kept.as_deref().and_then(|text| text.split_once('\n')).unwrap_or_default();
        let usable = was == made_of && machine.layout.real(VENV).join("bin/python").symlink_metadata().is_ok();
        if usable && reuse.keeps(installed) {
            return Ok(Venv { stamp, made_of, installed: installed.to_owned() });
        }
        machine.layout.fresh("/var/app/venv")?;
        let argv = [self.program.to_string_lossy().into_owned(), "-m".into(), "venv".into(), VENV.into()];
        let program = Program { argv: Argv::List(&argv), cwd: "/var/app", env: &machine.base };
        let ran = machine.run(&program, journal, LIMIT)?;
        if !ran.end.good() {
            return Err(Error::VenvMissing { python: self.program.clone(), said: ran.last.join("\n") });
        }
        std::fs::write(&stamp, format!("{made_of}\n")).doing("write", &stamp)?;
        Ok(Venv { stamp, made_of, installed: String::new() })
    }
}

/// When an existing virtual environment may be used again.
pub(crate) enum Reuse {
    /// A deployment on a running instance: always, as there. A package that was dropped from the list stays installed.
    Always,
    /// A new instance begins with nothing, and the same list into nothing gives the same again.
    Same(String),
}

impl Reuse {
    fn keeps(&self, installed: &str) -> bool {
        match self {
            Self::Always => true,
            Self::Same(wanted) => wanted == installed,
        }
    }
}

pub(crate) struct Venv {
    stamp: PathBuf,
    made_of: String,
    installed: String,
}

/// The file that names the dependencies, and what it says, as one word.
pub(crate) struct Dependencies {
    file: String,
    argv: Vec<String>,
    pub(crate) digest: String,
}

impl Dependencies {
    /// `command` installs what `file` of staging lists, such as `pip install -r requirements.txt`.
    pub(crate) fn read(machine: &Machine, file: &str, command: &str) -> Result<Self, Error> {
        let staging = machine.layout.real(STAGING);
        let path = staging.join(file);
        let mut hash = Sha256::new();
        hash.update(command);
        hash.update(std::fs::read(&path).doing("read", &path)?);
        // A list may include others, and constraints; any of them changing changes the answer.
        for name in others(&staging, file) {
            hash.update(std::fs::read(staging.join(name)).unwrap_or_default());
        }
        let digest = crate::hex::encode(hash.finalize());
        let argv = std::iter::once(format!("{VENV}/bin/{command}"))
            .flat_map(|text| text.split(' ').map(str::to_owned).collect::<Vec<_>>())
            .collect();
        Ok(Self { file: file.to_owned(), argv, digest })
    }
}

/// Text files at the top that a requirements file may refer to.
fn others(staging: &Path, file: &str) -> Vec<String> {
    if file != "requirements.txt" {
        return vec!["Pipfile".to_owned(), "Pipfile.lock".to_owned()];
    }
    let mut files: Vec<String> = ["", "requirements"]
        .iter()
        .flat_map(|dir| std::fs::read_dir(staging.join(dir)).into_iter().flatten().flatten())
        .filter_map(|entry| Some(entry.path().strip_prefix(staging).ok()?.to_str()?.to_owned()))
        .filter(|name| name.ends_with(".txt") || name.ends_with(".in"))
        .collect();
    files.sort();
    files
}

impl Venv {
    /// Install what `dependencies` asks for. `None` if that was done before.
    pub(crate) fn install(
        &self,
        dependencies: &Dependencies,
        machine: &Machine,
        env: &BTreeMap<String, String>,
        journal: &Arc<Journal>,
        limit: Duration,
    ) -> Result<Option<Ran>, Error> {
        if self.installed == dependencies.digest {
            return Ok(None);
        }
        let mut env = env.clone();
        env.extend([
            ("PIP_DISABLE_PIP_VERSION_CHECK".to_owned(), "1".to_owned()),
            ("PIP_NO_INPUT".to_owned(), "1".to_owned()),
            ("PIP_PROGRESS_BAR".to_owned(), "off".to_owned()),
            ("PIP_ROOT_USER_ACTION".to_owned(), "ignore".to_owned()),
        ]);
        if dependencies.file != "requirements.txt" {
            // The engine brings pipenv along. It installs into the environment that is active.
            env.insert("VIRTUAL_ENV".to_owned(), VENV.to_owned());
            env.insert("PIPENV_IGNORE_VIRTUALENVS".to_owned(), "0".to_owned());
            env.insert("PIPENV_NOSPIN".to_owned(), "1".to_owned());
            let argv = [format!("{VENV}/bin/pip"), "install".into(), "--quiet".into(), "pipenv".into()];
            let ran = machine.run(&Program { argv: Argv::List(&argv), cwd: STAGING, env: &env }, journal, limit)?;
            if !ran.end.good() {
                return Ok(Some(ran));
            }
        }
        let program = Program { argv: Argv::List(&dependencies.argv), cwd: STAGING, env: &env };
        let ran = machine.run(&program, journal, limit)?;
        if ran.end.good() {
            let text = format!("{}\n{}", self.made_of, dependencies.digest);
            std::fs::write(&self.stamp, text).doing("write", &self.stamp)?;
        }
        Ok(Some(ran))
    }
}
