//! pip, or uv that runs it: whoever resolves requirements for an instance and fetches the wheels.
//!
//! pip takes tags of another machine, and decides markers by its own. So it is started by a few lines that give it those of
//! the instance; and [`super::needed`] looks at the outcome, whatever pip has made of it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::beanstalk::wheel::Target;
use crate::file;
use crate::world::World;

use super::index::Indexes;
use super::kept::files;
use super::{Error, WheelFile, said};

const START: &str = "\
import json, sys
variables = json.loads(sys.argv[1])
try:
    import pip._vendor.packaging.markers as markers
    markers.default_environment = lambda: dict(variables)
except ImportError:
    pass
sys.argv = ['pip'] + sys.argv[2:]
from pip._internal.cli.main import main
sys.exit(main())
";

/// Variables of pip's that would let something run, or ask for files that are none of ours.
const NOT_OURS: [&str; 9] = [
    "PIP_NO_BINARY",
    "PIP_ONLY_BINARY",
    "PIP_REQUIRE_HASHES",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_CONSTRAINT",
    "PIP_REQUIREMENT",
    "PIP_TARGET",
    "PIP_DEST",
    "PIP_NO_DEPS",
];

/// A program that can be asked, and the words that it begins with.
#[derive(Debug, Clone)]
pub(crate) struct Pip {
    argv: Vec<String>,
    vars: BTreeMap<String, String>,
}

/// One run.
pub(crate) struct Job<'a> {
    pub(crate) target: Target,
    /// Lines as pip reads them.
    pub(crate) lines: &'a [String],
    pub(crate) constraints: &'a [String],
    pub(crate) indexes: &'a Indexes,
    /// A folder with wheels of one's own.
    pub(crate) own: Option<&'a Path>,
    /// Only these lines, each with the digests that it allows; nothing is resolved.
    pub(crate) locked: bool,
    pub(crate) limit: Duration,
}

/// What a run brought.
pub(crate) struct Fetched {
    pub(crate) wheels: Vec<WheelFile>,
    /// A release that its authors have withdrawn.
    pub(crate) yanked: Option<(String, String)>,
}

impl Pip {
    /// The Python of the instance before others, then uv, all from the search path: nothing that a project names is started.
    pub(crate) fn find(target: Target, world: &World) -> Result<Self, Error> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let exact = format!("python{}", target.python);
        let uv = ["uv", "run", "--no-project", "--isolated", "--quiet", "--with", "pip", "python"];
        let candidates = [words(&[&exact]), words(&["python3"]), words(&["python"]), words(&uv)];
        let mut vars = world.vars.clone();
        vars.retain(|name, _| !NOT_OURS.contains(&name.as_str()) && !name.starts_with("PYTHON"));
        // Where nothing of the project lies that Python would take for a module.
        let elsewhere = file::temporary_folder()?;
        for argv in candidates {
            let mut command = Command::new(&argv[0]);
            command.args(&argv[1..]).args(["-m", "pip", "--version"]);
            let output = command.env_clear().envs(&vars).current_dir(elsewhere.path()).stdin(Stdio::null()).output();
            if output.is_ok_and(|output| output.status.success()) {
                return Ok(Self { argv, vars });
            }
        }
        Err(Error::NoPip)
    }

    /// Fetch into `to`, an empty folder.
    pub(crate) fn fetch(
        &self,
        job: &Job<'_>,
        to: &Path,
        world: &World,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Fetched, Error> {
        let words = file::temporary_folder()?;
        let list = |name: &str, lines: &[String]| -> Result<PathBuf, Error> {
            let path = words.path().join(name);
            file::write_own(&path, format!("{}\n", lines.join("\n")).as_bytes())?;
            Ok(path)
        };
        let mut command = Command::new(&self.argv[0]);
        let variables: BTreeMap<&str, String> =
            Target::VARIABLES.iter().filter_map(|name| Some((*name, job.target.variable(name)?))).collect();
        let variables = serde_json::to_string(&variables).expect("variables have string keys");
        command.args(&self.argv[1..]).args(["-c", START, &variables, "download", "--only-binary=:all:"]);
        command.args(["--implementation", "cp", "--python-version", &job.target.python.to_string()]);
        job.target.platforms().iter().for_each(|platform| {
            command.args(["--platform", platform]);
        });
        command.arg("--dest").arg(to).arg("--requirement").arg(list("requirements.txt", job.lines)?);
        if !job.constraints.is_empty() {
            command.arg("--constraint").arg(list("constraints.txt", job.constraints)?);
        }
        if job.locked {
            command.args(["--no-deps", "--require-hashes"]);
        }
        if job.indexes.previews {
            command.arg("--pre");
        }
        if let Some(own) = job.own {
            command.arg("--find-links").arg(own);
        }
        command.env_clear().envs(&self.vars).envs(job.indexes.vars(&self.vars)).current_dir(words.path());
        for (name, value) in [
            ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
            ("PIP_NO_INPUT", "1"),
            ("PIP_PROGRESS_BAR", "off"),
            ("PIP_NO_COLOR", "1"),
            ("PYTHONUNBUFFERED", "1"),
        ] {
            command.env(name, value);
        }
        if !self.vars.contains_key("PIP_RETRIES") {
            command.env("PIP_RETRIES", "2");
        }
        let (good, lines) = run(&mut command, job.limit, world, tell)?;
        if !good {
            return Err(said::error(&lines, job.target));
        }
        Ok(Fetched { wheels: wheels_in(to)?, yanked: said::yanked(&lines) })
    }
}

/// Every wheel of a folder, by name.
fn wheels_in(folder: &Path) -> Result<Vec<WheelFile>, Error> {
    /// No project has as many.
    const MOST: usize = 5_000;
    files(folder)?.into_iter().take(MOST).map(|file| WheelFile::read(&folder.join(file))).collect()
}

/// Run to the end, or to the end of the time. Whether it ended well, and what it said.
fn run(
    command: &mut Command,
    limit: Duration,
    world: &World,
    tell: &mut dyn FnMut(&str),
) -> Result<(bool, Vec<String>), Error> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|source| Error::Start { source })?;
    let lines = lines(&mut child);
    let child = Arc::new(Mutex::new(child));
    let interrupted = Arc::clone(&child);
    let _guard = world.interrupt.guard(move || {
        let _ = interrupted.lock().unwrap_or_else(PoisonError::into_inner).kill();
    });
    let end = Instant::now() + limit;
    let mut said = Vec::new();
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if let Some(file) =
                    line.trim().strip_prefix("Downloading ").or_else(|| line.trim().strip_prefix("Using cached "))
                {
                    let name = file.split(" (").next().unwrap_or(file);
                    let name = name.rsplit('/').next().unwrap_or(name);
                    if !name.ends_with(".metadata") {
                        tell(&format!("{name}{}", &file[file.find(" (").unwrap_or(file.len())..]));
                    }
                }
                said.push(line);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = child.kill();
                let _ = child.wait();
                return Err(Error::TimeUp { minutes: limit.as_secs().div_ceil(60) });
            }
        }
    }
    let status = child.lock().unwrap_or_else(PoisonError::into_inner).wait();
    Ok((status.map_err(|source| Error::Start { source })?.success(), said))
}

/// What a program says on both of its streams; it ends when both are closed.
fn lines(child: &mut Child) -> Receiver<String> {
    let (send, lines) = channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
    ];
    for stream in streams.into_iter().flatten() {
        let send = send.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                if send.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                    return;
                }
                line.clear();
            }
        });
    }
    lines
}
