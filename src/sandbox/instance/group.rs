//! Process groups: how a program ends together with everything that it started. Only Unix has them.
//!
//! The one door to them. Where there are none, nothing can be started, so there is nothing to end.

use std::io;
use std::process::{Child, Command, ExitStatus};

/// Does this system have process groups?
pub(crate) const KNOWN: bool = cfg!(unix);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Please end: it may be ignored.
    Terminate,
    /// End.
    Kill,
}

#[cfg(unix)]
mod system {
    use std::os::unix::process::{CommandExt, ExitStatusExt};

    use rustix::process::{Pid, kill_process, kill_process_group, test_kill_process_group};

    use super::*;

    /// Start a program in a group of its own, which has the number of the program.
    pub(crate) fn start(command: &mut Command) -> io::Result<Child> {
        command.process_group(0).spawn()
    }

    /// Let everything in the group end.
    pub(crate) fn end(group: i32, signal: Signal) {
        let signal = match signal {
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        if let Some(group) = Pid::from_raw(group) {
            let _ = kill_process_group(group, signal);
        }
    }

    /// Is anything left of the group?
    pub(crate) fn lives(group: i32) -> bool {
        Pid::from_raw(group).is_some_and(|group| test_kill_process_group(group).is_ok())
    }

    /// End one process, whatever its group is.
    pub(crate) fn end_process(process: i32) {
        if let Some(process) = Pid::from_raw(process) {
            let _ = kill_process(process, rustix::process::Signal::KILL);
        }
    }

    /// Tell one process that its configuration is another now.
    pub(crate) fn hang_up(process: i32) {
        if let Some(process) = Pid::from_raw(process) {
            let _ = kill_process(process, rustix::process::Signal::HUP);
        }
    }

    /// The signal that ended a program, if one did.
    pub(crate) fn signal(status: ExitStatus) -> Option<i32> {
        status.signal()
    }
}

#[cfg(not(unix))]
mod system {
    use super::*;

    pub(crate) fn start(_: &mut Command) -> io::Result<Child> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no process groups"))
    }

    pub(crate) fn end(_: i32, _: Signal) {}

    pub(crate) fn hang_up(_: i32) {}

    pub(crate) fn lives(_: i32) -> bool {
        false
    }

    pub(crate) fn end_process(_: i32) {}

    pub(crate) fn signal(_: ExitStatus) -> Option<i32> {
        None
    }
}

pub(crate) use self::system::{end, end_process, hang_up, lives, signal, start};
