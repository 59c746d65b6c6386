//! Virtual environments, of which nothing ships: what makes a folder one.

use super::disk::{Disk, Kind, Names};

/// What makes a folder one.
const CONFIG: &str = "pyvenv.cfg";

/// What virtualenv puts beside the programs. Before its version 20 it wrote no `pyvenv.cfg`.
const SCRIPT: &str = "activate_this.py";
const PROGRAMS: [&str; 2] = ["bin", "Scripts"];

/// Is `folder`, which ends with a slash and has these names, a virtual environment?
pub(super) fn is_one(disk: &Disk, folder: &str, names: &Names) -> bool {
    let script = |programs: &str| disk.file(&format!("{folder}{programs}/{SCRIPT}")).is_ok();
    names.iter().any(|name| match name.kind {
        Kind::File => name.text == CONFIG,
        Kind::Directory => PROGRAMS.contains(&name.text) && script(name.text),
        Kind::Link | Kind::Special(_) => false,
    })
}

/// The folder that the file `name` in `dir` makes a virtual environment; both end with a slash, or are empty.
pub(super) fn made_by<'a>(dir: &'a str, name: &[u8]) -> Option<&'a str> {
    if name == CONFIG.as_bytes() {
        return Some(dir);
    }
    let folder = |programs: &&str| dir.strip_suffix('/')?.strip_suffix(programs).filter(|folder| folder.ends_with('/'));
    PROGRAMS.iter().find_map(folder).filter(|_| name == SCRIPT.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_tells_of_the_folder_that_it_makes() {
        assert_eq!(made_by("env/", b"pyvenv.cfg"), Some("env/"));
        assert_eq!(made_by("a/env/bin/", b"activate_this.py"), Some("a/env/"));
        assert_eq!(made_by("env/Scripts/", b"activate_this.py"), Some("env/"));
        for (dir, name) in [("bin/", "activate_this.py"), ("env/cabin/", "activate_this.py"), ("env/bin/", "activate")]
        {
            assert_eq!(made_by(dir, name.as_bytes()), None, "{dir}{name}");
        }
    }
}
