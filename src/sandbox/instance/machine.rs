//! The instance as a place to run programs in: its folders, how programs see them, and what becomes of what they say.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::error::{Error, Io};
use super::group;
use super::isolation::{Argv, Isolation, Program};
use super::journal::{Journal, pour};
use super::layout::Layout;
use super::process_tree::ProcessTree;

/// Number of lines of a program's output that are worth repeating when it fails.
const TAIL: usize = 50;

pub(crate) struct Machine {
    pub(crate) layout: Layout,
    pub(crate) isolation: Isolation,
    pub(crate) processes: ProcessTree,
    /// Variables that every program sees besides the environment properties.
    pub(crate) base: BTreeMap<String, String>,
    pub(crate) log: Journal,
    clock: Box<dyn Fn() -> jiff::Timestamp + Send + Sync>,
}

/// End of a program, and its last words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) end: End,
    pub(crate) last: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Code(i32),
    Signal(i32),
    Overtime(Duration),
}

impl End {
    pub(crate) fn good(self) -> bool {
        self == Self::Code(0)
    }
}

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        match status.code() {
            Some(code) => Self::Code(code),
            None => Self::Signal(group::signal(status).unwrap_or_default()),
        }
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "ended by signal {signal}"),
            Self::Overtime(limit) => write!(f, "still running after {} s, and ended", limit.as_secs()),
        }
    }
}

impl Machine {
    pub(crate) fn new(
        layout: Layout,
        isolation: Isolation,
        processes: ProcessTree,
        base: BTreeMap<String, String>,
        clock: Box<dyn Fn() -> jiff::Timestamp + Send + Sync>,
    ) -> Self {
        let log = Journal::new(layout.real("/var/log/eb-engine.log"));
        Self { layout, isolation, processes, base, log, clock }
    }

    /// The log file `name` in `/var/log`.
    pub(crate) fn journal(&self, name: &str) -> Journal {
        Journal::new(self.log_path(name))
    }

    pub(crate) fn log_path(&self, name: &str) -> PathBuf {
        self.layout.real("/var/log").join(name)
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        (self.clock)()
    }

    /// A line of `eb-engine.log`, in its shape.
    pub(crate) fn note(&self, level: &str, text: &str) {
        let now = self.now().strftime("%Y/%m/%d %H:%M:%S%.6f").to_string();
        for line in text.lines() {
            self.log.line(&format!("{now} [{level}] {line}"));
        }
    }

    /// Run a program to its end. Its output goes to `journal`.
    pub(crate) fn run(&self, program: &Program, journal: &Arc<Journal>, limit: Duration) -> Result<Ran, Error> {
        let what = match &program.argv {
            Argv::Shell(_) => "sh".to_owned(),
            Argv::List(list) => list.first().cloned().unwrap_or_default(),
        };
        let (reader, writer) = std::io::pipe().doing("open a pipe to", &what)?;
        let mut command = self.isolation.command(program, &self.layout);
        command.stdout(writer.try_clone().doing("open a pipe to", &what)?).stderr(writer);
        let spawned = self.processes.spawn(&mut command).doing("start", &what);
        // The last of our writers: the pipe ends when the program's do.
        drop(command);
        let mut child = spawned?;
        let (send, last) = mpsc::channel();
        let journal = Arc::clone(journal);
        std::thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || send.send(pour(reader, &journal, TAIL)))
            .map_err(Error::Thread)?;
        let status = self.processes.wait(&mut child, Some(limit)).doing("wait for", &what)?;
        // What left the process group may still hold the pipe.
        let last = match last.recv_timeout(Duration::from_millis(500)) {
            Err(RecvTimeoutError::Timeout) if !self.isolation.is_namespace() => {
                self.note("WARN", &format!("`{what}` left a process behind that holds its output"));
                Vec::new()
            }
            last => last.unwrap_or_default(),
        };
        Ok(Ran { end: status.map_or(End::Overtime(limit), End::from), last })
    }
}
