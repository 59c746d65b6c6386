//! The logs of an instance, under the names that Elastic Beanstalk gives them, and none of them without end.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A log that grows beyond this is kept once more as `<name>.1` and begins again, so a script that writes without end
/// costs twice this much disk and no more.
const LIMIT: u64 = 8_000_000;

/// One log file that several threads may write to.
pub(crate) struct Journal {
    path: PathBuf,
    file: Mutex<Option<(File, u64)>>,
}

impl Journal {
    /// Opened when the first line comes. What an earlier run wrote stays.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, file: Mutex::new(None) }
    }

    /// A log that cannot be written must not end what it is the log of.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let mut slot = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_some_and(|(_, size)| size + bytes.len() as u64 > LIMIT) {
            *slot = None;
            let mut older = self.path.clone().into_os_string();
            older.push(".1");
            let _ = std::fs::rename(&self.path, older);
        }
        if slot.is_none() {
            let opened = OpenOptions::new().create(true).append(true).open(&self.path);
            *slot = opened.ok().map(|file| {
                let size = file.metadata().map_or(0, |data| data.len());
                (file, size)
            });
        }
        if let Some((file, size)) = slot.as_mut()
            && file.write_all(bytes).is_ok()
        {
            *size += bytes.len() as u64;
        }
    }

    pub(crate) fn line(&self, text: &str) {
        self.write(format!("{text}\n").as_bytes());
    }

    /// The last lines of the log, for the one who asks why.
    pub(crate) fn tail(&self, lines: usize) -> Vec<String> {
        tail(&self.path, lines).unwrap_or_default()
    }
}

fn tail(path: &Path, lines: usize) -> std::io::Result<Vec<String>> {
    const WINDOW: u64 = 64 * 1024;
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(WINDOW)))?;
    let mut bytes = Vec::new();
    file.take(WINDOW).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let skip = all.len().saturating_sub(lines);
    Ok(all[skip..].iter().map(|line| (*line).to_owned()).collect())
}

/// The last lines of every log of the instance in `home`: name and lines, as the platform collects them.
pub(crate) fn tails(home: &Path, lines: usize) -> Vec<(String, Vec<String>)> {
    let logs = home.join("var/log");
    let mut found = Vec::new();
    for dir in ["", "nginx/"] {
        let entries = std::fs::read_dir(logs.join(dir)).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "log"));
        found.extend(paths.filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            let last = tail(&path, lines).ok().filter(|last| !last.is_empty())?;
            Some((format!("/var/log/{dir}{name}"), last))
        }));
    }
    found.sort();
    found
}

/// Copy what `from` says into `journal`, and keep the last `keep` lines of it.
pub(crate) fn pour(from: impl Read, journal: &Journal, keep: usize) -> Vec<String> {
    let mut last = std::collections::VecDeque::with_capacity(keep);
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A gigabyte without a line break must not become a gigabyte of memory.
        match (&mut reader).take(16 * 1024).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return last.into(),
            Ok(_) => journal.write(&line),
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() && keep > 0 {
            if last.len() == keep {
                last.pop_front();
            }
            last.push_back(text.chars().take(400).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_never_grows_beyond_its_limit() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path().join("hooks.log"));
        let last = pour(std::io::repeat(b'x').take(20_000_000), &journal, 3);
        let size = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().len();
        assert!(size("hooks.log") <= LIMIT);
        assert!(size("hooks.log.1") <= LIMIT);
        assert!(last.iter().all(|line| line.len() <= 400));
    }

    #[test]
    fn every_log_has_a_tail() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = home.path().join("var/log").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert_eq!(tails(home.path(), 1), []);
        write("web.stdout.log", "one\ntwo\n");
        write("nginx/access.log", "GET /\n");
        write("empty.log", "");
        write("web.stdout.log.1", "older");
        let line = |name: &str, line: &str| (name.to_owned(), vec![line.to_owned()]);
        let expected = [line("/var/log/nginx/access.log", "GET /"), line("/var/log/web.stdout.log", "two")];
        assert_eq!(tails(home.path(), 1), expected);
    }

    #[test]
    fn the_tail_is_the_last_lines() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path().join("web.log"));
        let last = pour("one\ntwo\n\nthree\n".as_bytes(), &journal, 2);
        assert_eq!(last, ["two", "three"]);
        assert_eq!(journal.tail(2), ["two", "three"]);
        assert_eq!(journal.tail(9), ["one", "two", "three"]);
    }
}
