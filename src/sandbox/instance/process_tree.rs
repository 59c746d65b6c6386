//! Process tree: every process of an instance, so that none of them outlives it.
//!
//! Each program has a process group of its own. A program may still leave its group (`setsid`), so the environment of
//! all of them carries a mark: the home of the instance. Those that write their title over it (nginx does) are known by
//! what they have open below that home. In a mount namespace the process namespace ends them anyway.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::group::{self, Signal};

/// The variable that marks the processes of an instance.
pub(crate) const MARK: &str = "BEANSPROUT_INSTANCE";

/// Time that a process may take to end after it was asked.
const GRACE: Duration = Duration::from_secs(3);

#[derive(Clone)]
pub(crate) struct ProcessTree {
    mark: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    groups: BTreeSet<i32>,
    closed: bool,
}

impl ProcessTree {
    /// `mark` names the instance. Processes that an earlier, killed run left behind end now.
    pub(crate) fn new(mark: String) -> Self {
        let processes = Self { mark, state: Arc::default() };
        processes.end_strays();
        processes
    }

    /// Start a program, unless everything is being ended.
    pub(crate) fn spawn(&self, command: &mut Command) -> std::io::Result<Child> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Err(std::io::Error::other("the instance is being stopped"));
        }
        let child = group::start(command.env(MARK, &self.mark))?;
        state.groups.insert(child.id().cast_signed());
        Ok(child)
    }

    /// Wait for the end of `child`, for `limit` at most if there is one. What is left of its group is ended with it.
    pub(crate) fn wait(&self, child: &mut Child, limit: Option<Duration>) -> std::io::Result<Option<ExitStatus>> {
        let end = limit.map(|limit| Instant::now() + limit);
        let mut pause = Duration::from_millis(1);
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if end.is_some_and(|end| Instant::now() >= end) {
                break None;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        let group = child.id().cast_signed();
        group::end(group, Signal::Kill);
        if status.is_none() {
            child.wait()?;
        }
        self.state.lock().unwrap_or_else(PoisonError::into_inner).groups.remove(&group);
        Ok(status)
    }

    /// Ask these groups to end, and make them when they do not.
    pub(crate) fn end(&self, groups: &[i32]) {
        for group in groups {
            group::end(*group, Signal::Terminate);
        }
        let end = Instant::now() + GRACE;
        while Instant::now() < end && groups.iter().any(|group| group::lives(*group)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        for group in groups {
            group::end(*group, Signal::Kill);
        }
    }

    /// End everything, for good.
    pub(crate) fn close(&self) {
        let groups: Vec<i32> = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.closed = true;
            state.groups.iter().copied().collect()
        };
        self.end(&groups);
        self.end_strays();
    }

    pub(crate) fn closed(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed
    }

    /// End the processes that carry the mark and are in no group of ours. Only Linux can tell.
    pub(crate) fn end_strays(&self) {
        // A process may fork while this looks, so look again; a fork bomb shall not keep us here.
        for _ in 0..20 {
            let strays = self.marked();
            if strays.is_empty() {
                return;
            }
            for pid in strays {
                group::end_process(pid);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The living processes that carry the mark.
    pub(crate) fn marked(&self) -> Vec<i32> {
        let entry = format!("{MARK}={}", self.mark);
        let marked = |process: &Path| {
            let Ok(vars) = std::fs::read(process.join("environ")) else { return false };
            if vars.contains(&b'=') {
                vars.split(|byte| *byte == 0).any(|var| var == entry.as_bytes())
            } else {
                !vars.is_empty() && is_inside(process, Path::new(&self.mark))
            }
        };
        let processes = entries(Path::new("/proc")).filter(|process| marked(process));
        processes.filter_map(|process| process.file_name()?.to_str()?.parse().ok()).collect()
    }
}

/// Does a process of `/proc` stand in this folder, or have something in it open?
fn is_inside(process: &Path, home: &Path) -> bool {
    let within = |link: PathBuf| std::fs::read_link(link).is_ok_and(|target| target.starts_with(home));
    within(process.join("cwd")) || entries(&process.join("fd")).any(within)
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

// Only Linux tells what lives.
#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn sh(text: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", text]);
        command
    }

    #[test]
    fn nothing_survives_the_close() {
        let home = tempfile::tempdir().unwrap();
        let processes = ProcessTree::new(home.path().to_string_lossy().into_owned());
        let ready = home.path().join("ready");
        // One that ignores being asked, and one that has left the group.
        let text = format!("trap '' TERM; setsid sleep 600 & sleep 1; echo > {}; sleep 600", ready.display());
        let mut child = processes.spawn(&mut sh(&text)).unwrap();
        while !ready.exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(processes.marked().len() >= 2);
        let same = processes.clone();
        let waiter = std::thread::spawn(move || same.wait(&mut child, None).unwrap());
        processes.close();
        waiter.join().unwrap();
        assert_eq!(processes.marked(), [0; 0]);
        assert!(processes.spawn(&mut sh("true")).is_err());
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let home = tempfile::tempdir().unwrap();
        let processes = ProcessTree::new(home.path().to_string_lossy().into_owned());
        let mut child = processes.spawn(&mut sh("sleep 600")).unwrap();
        assert_eq!(processes.wait(&mut child, Some(Duration::from_millis(50))).unwrap(), None);
        // The kernel takes a moment to end what was killed.
        for _ in 0..500 {
            if processes.marked().is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{:?} is still there", processes.marked());
    }
}
