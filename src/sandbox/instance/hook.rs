//! The scripts of `.platform/hooks` and `.platform/confighooks`, and the courtesies that the platform shows them.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::Event;
use super::error::{Error, Io};
use super::layout::STAGING;
use super::machine::Machine;
use crate::mode;

/// Prepare hooks as the platform does before it runs them: it makes them executable (since 2022-04-29) and turns CRLF line
/// ends into LF (since 2022-12-29). Without a namespace, their paths are rewritten as well.
pub(crate) fn prepare(machine: &Machine, say: &mut dyn FnMut(Event)) -> Result<(), Error> {
    let staging = machine.layout.real(STAGING);
    for tree in ["hooks", "confighooks"] {
        for moment in ["prebuild", "predeploy", "postdeploy"] {
            for path in files(&staging.join(".platform").join(tree).join(moment)) {
                let shown = path.strip_prefix(&staging).unwrap_or(&path).display().to_string();
                let data = std::fs::metadata(&path).doing("look at", &path)?;
                let mut changes = Vec::new();
                if let Ok(text) = std::fs::read_to_string(&path) {
                    let unix = text.replace("\r\n", "\n");
                    if unix != text {
                        changes.push("has LF line endings now");
                    }
                    let rewritten = machine.isolation.rewrite(&unix);
                    if rewritten != text {
                        std::fs::write(&path, rewritten).doing("write", &path)?;
                    }
                }
                if !mode::is_executable(&data) {
                    changes.push("is executable now");
                }
                mode::add_executable(&path).doing("make executable", &path)?;
                if !changes.is_empty() {
                    let text = format!("hook `{shown}` {}, as the platform makes it", changes.join(" and "));
                    machine.note("INFO", &text);
                    say(Event::Note(text));
                }
            }
        }
    }
    Ok(())
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<_> =
        entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())).map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// Would the kernel start this file? The engine asks the kernel, not a shell that forgives a missing first line.
pub(crate) fn runnable(path: &Path) -> Result<(), String> {
    let mut start = [0; 4];
    let read =
        std::fs::File::open(path).and_then(|mut file| file.read(&mut start)).map_err(|error| error.to_string())?;
    match &start[..read] {
        [b'#', b'!', ..] | [0x7f, b'E', b'L', b'F'] => Ok(()),
        _ => Err("exec format error: its first line does not name an interpreter, such as `#!/bin/bash`".to_owned()),
    }
}
