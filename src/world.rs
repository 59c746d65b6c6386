//! Everything ambient enters here, once: directory, environment, clock, terminal, signals.
//!
//! Below `main` nobody asks the machine. A test makes another `World`.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

#[derive(Clone)]
pub struct World {
    /// Where the command acts: the working directory, or what `-C` named.
    pub dir: PathBuf,
    /// The environment variables that are text. On Windows, where case plays no part in their names, in capitals.
    pub vars: BTreeMap<String, String>,
    pub terminal: Terminal,
    pub interrupt: Interrupt,
    /// The files that stdout and stderr go to, if they do and the system tells (Linux).
    pub outputs: Vec<PathBuf>,
    clock: fn() -> Timestamp,
}

/// Which of the three standard streams a person sits at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    pub columns: Option<u16>,
}

impl World {
    /// The real one. Only `main` calls this.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    pub fn real() -> std::io::Result<Self> {
        Ok(Self {
            dir: std::env::current_dir()?,
            vars: std::env::vars_os()
                .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
                .map(|(key, value)| (if cfg!(windows) { key.to_uppercase() } else { key }, value))
                .collect(),
            terminal: Terminal {
                stdin: std::io::stdin().is_terminal(),
                stdout: std::io::stdout().is_terminal(),
                stderr: std::io::stderr().is_terminal(),
                columns: console::Term::stderr().size_checked().map(|(_, columns)| columns),
            },
            interrupt: Interrupt::default(),
            outputs: (1..=2)
                .filter_map(|stream| std::fs::read_link(format!("/proc/self/fd/{stream}")).ok())
                .filter(|path| path.is_file())
                .collect(),
            clock: Timestamp::now,
        })
    }

    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The same world, at another time.
    #[must_use]
    pub fn with_clock(&self, clock: fn() -> Timestamp) -> Self {
        Self { clock, ..self.clone() }
    }

    /// A variable that is set and not empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The folder of whoever runs this, where programs look for their settings.
    pub fn home(&self) -> Option<PathBuf> {
        self.var("HOME").or_else(|| self.var("USERPROFILE")).map(PathBuf::from)
    }

    /// The same world, seen from another folder.
    #[must_use]
    pub fn at(&self, dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), ..self.clone() }
    }

    /// `path` as the user meant it: relative to where the command acts, and without a `.` in it.
    pub fn resolve(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir.join(path).components().collect()
    }
}

/// The path without links and `..`, as other programs take it too.
#[expect(clippy::disallowed_methods, reason = "the one place that knows what Windows makes of it")]
pub fn real_path(path: &Path) -> std::io::Result<PathBuf> {
    let real = path.canonicalize()?;
    Ok(match real.to_str().and_then(ordinary) {
        Some(ordinary) => ordinary.into(),
        None => real,
    })
}

/// `C:\site` for `\\?\C:\site`, the form without limits that Windows answers with, and that few programs know.
fn ordinary(path: &str) -> Option<String> {
    let rest = path.strip_prefix(r"\\?\")?;
    match rest.strip_prefix(r"UNC\") {
        Some(share) => Some(format!(r"\\{share}")),
        None => (rest.as_bytes().get(1) == Some(&b':')).then(|| rest.to_owned()),
    }
}

/// The name of this start of the system: another one after the power went. None where starts have no names.
pub fn start_of_system() -> Option<String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()
}

type Action = Box<dyn FnOnce() + Send>;

/// What has to be put right before an interrupted run may end.
///
/// Ctrl-C ends any command at once, with exit code 130; a command that has something to undo (a half-written file, a
/// child process) registers it for as long as that is true.
#[derive(Clone, Default)]
pub struct Interrupt {
    actions: Arc<Mutex<(u64, BTreeMap<u64, Action>)>>,
}

impl Interrupt {
    /// Run `action` if a signal arrives before the guard is dropped.
    #[must_use = "dropping the guard withdraws the action"]
    pub fn guard(&self, action: impl FnOnce() + Send + 'static) -> Guard {
        let mut actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        let id = actions.0;
        actions.0 += 1;
        actions.1.insert(id, Box::new(action));
        Guard { interrupt: self.clone(), id }
    }

    /// Run every action now, as if a signal had come, and go on.
    pub fn fire(&self) {
        let actions = std::mem::take(&mut self.actions.lock().unwrap_or_else(PoisonError::into_inner).1);
        for (_, action) in actions.into_iter().rev() {
            action();
        }
    }

    /// Take the signals of this process. Only `main` calls this.
    pub fn listen(&self, exit: i32) -> Result<(), ctrlc::Error> {
        let interrupt = self.clone();
        ctrlc::set_handler(move || {
            // The lock stays taken: nobody can start new work that would need undoing.
            let mut actions = interrupt.actions.lock().unwrap_or_else(PoisonError::into_inner);
            while let Some((_, action)) = actions.1.pop_last() {
                action();
            }
            std::process::exit(exit)
        })
    }
}

/// Withdraws its action when dropped.
pub struct Guard {
    interrupt: Interrupt,
    id: u64,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.interrupt.actions.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_windows_are_what_people_write() {
        assert_eq!(ordinary(r"\\?\C:\site\app").as_deref(), Some(r"C:\site\app"));
        assert_eq!(ordinary(r"\\?\UNC\server\share\site").as_deref(), Some(r"\\server\share\site"));
        assert_eq!(ordinary(r"\\?\Volume{b75e2c83}\site"), None);
        assert_eq!(ordinary("/var/app"), None);
    }
}
