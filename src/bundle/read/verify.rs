//! Verification of a zip file: what would go wrong if it were deployed as it is.
//!
//! What each finding does on an instance was tried with Info-ZIP's `unzip -q -o`, which the platform uses; anything but
//! exit code 0 aborts a deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::bundle::entry::{BadName, inside};
use crate::bundle::flags::{ContentFlags, ContentScanner};
use crate::bundle::limits::{MANY, MAX_BYTES, UNPACKED_BYTES};
use crate::bundle::pack::deflate::is_random;
use crate::bundle::pack::packed_entry::{CHUNK, LARGE};
use crate::bundle::select::never::never;
use crate::bundle::select::rules::Reason;
use crate::secret::{self, Kind};
use crate::ui::{bytes, count, turns_text};

use super::flaw::{Finding, Flaw};
use super::reader::{Listed, OpenError, Reader};

/// A content of more than this, and more than so many times its packed length, is a row of zeros or a trap: unzip takes it
/// as long as there is room, and nobody reads it here.
const LARGEST_READ: u64 = 1 << 30;
const MOST_TIMES: u64 = 100;

/// Linux takes no longer target of a link.
const LONGEST_TARGET: u64 = 4095;

/// Files by which a platform knows what to do.
const MARKERS: [&str; 12] = [
    "Procfile",
    "Buildfile",
    "requirements.txt",
    "Pipfile",
    "Pipfile.lock",
    "application.py",
    "manage.py",
    "Dockerfile",
    "Dockerrun.aws.json",
    "docker-compose.yml",
    "package.json",
    ".ebextensions",
];

/// Everything that is wrong with a bundle, errors first.
pub fn verify(bundle: &mut Reader) -> Result<Vec<Finding>, OpenError> {
    let mut examiner = Examiner { bundle, findings: Vec::new(), reads: true };
    examiner.whole()?;
    let mut listed = Vec::new();
    for index in 0..examiner.bundle.archive.len() {
        let entry = examiner.bundle.listed(index)?;
        examiner.name(&entry);
        examiner.mode(&entry);
        examiner.content(index, &entry);
        listed.push(entry);
    }
    let (names, unlike) = examiner.bundle.directory_names()?;
    for name in unlike {
        let message = "has other flags in its local header: unzip warns, and that aborts the deployment";
        examiner.find_named(Flaw::HeadersDisagree, Some(name), message);
    }
    examiner.names_together(&listed, &names);
    examiner.layout(&listed);
    let mut findings = examiner.findings;
    findings.sort();
    Ok(findings)
}

struct Examiner<'a> {
    bundle: &'a mut Reader,
    findings: Vec<Finding>,
    /// Are contents read? Not of what says that it would never end.
    reads: bool,
}

impl Examiner<'_> {
    fn find(&mut self, flaw: Flaw, entry: Option<&Listed>, message: impl Into<String>) {
        self.find_named(flaw, entry.map(Listed::lossy), message);
    }

    fn find_named(&mut self, flaw: Flaw, entry: Option<String>, message: impl Into<String>) {
        self.findings.push(Finding { severity: flaw.severity(), flaw, entry, message: message.into() });
    }

    fn whole(&mut self) -> Result<(), OpenError> {
        let size = self.bundle.bytes;
        if size > MAX_BYTES {
            let message = format!("the bundle has {}, more than the {} allowed", bytes(size), bytes(MAX_BYTES));
            self.find(Flaw::TooLarge, None, message);
        }
        let entries = self.bundle.archive.len();
        if entries == 0 {
            self.find(Flaw::Empty, None, "there is nothing in it: unzip fails, and that aborts the deployment");
        }
        if entries >= MANY {
            self.find(
                Flaw::Zip64,
                None,
                format!("{} need zip64, which some tools cannot read", count(entries, "file")),
            );
        }
        if self.bundle.archive.offset() > 0 {
            let message = format!(
                "{} stand in front of the zip file: unzip warns, and that aborts the deployment",
                count(self.bundle.archive.offset() as usize, "byte")
            );
            self.find(Flaw::BytesInFront, None, message);
        }
        match self.bundle.archive.has_overlapping_entries() {
            Ok(false) => {}
            Ok(true) => {
                self.reads = false;
                self.find(Flaw::Overlap, None, "entries share bytes, as only a zip bomb has it");
            }
            Err(error) => self.find(Flaw::HeadersDisagree, None, format!("a local header cannot be read: {error}")),
        }
        let declared = self.bundle.unpacked_bytes()?;
        if declared > UNPACKED_BYTES {
            self.reads = false;
            let message =
                format!("everything together unpacks to {}, more than an instance has room for", bytes(declared));
            self.find(Flaw::Bomb, None, message);
        }
        // The check below stops at duplicates, which have their own finding.
        if !self.bundle.archive.has_duplicate_names()
            && let Err(error) = self.bundle.archive.validate_header_consistency()
        {
            let message =
                format!("local headers and directory disagree, so tools may unpack different things: {error}");
            self.find(Flaw::HeadersDisagree, None, message);
        }
        Ok(())
    }

    fn name(&mut self, entry: &Listed) {
        let Err(bad) = entry.path() else {
            let path = entry.text().unwrap_or_default();
            let above = path.match_indices('/').map(|(end, _)| &path[..end]);
            if let Some(Reason::Never { name }) = above.chain([path]).find_map(never) {
                if path.split('/').any(|part| part == "__MACOSX" || part.starts_with("._")) {
                    let message = "is left from macOS; below `.ebextensions` it aborts the deployment";
                    self.find(Flaw::AppleDouble, Some(entry), message);
                } else {
                    let message = format!("should not ship: `{name}` is of no use on an instance");
                    self.find(Flaw::NeverShips, Some(entry), message);
                }
            }
            if path.chars().any(turns_text) {
                let message = "has a name that does not read as it is: it has characters that turn text around";
                self.find(Flaw::MisleadingName, Some(entry), message);
            }
            if let Some(kind) = secret::in_path(path).filter(|_| !entry.is_dir) {
                let flaw = if kind == Kind::EnvironmentFile { Flaw::EnvironmentFile } else { Flaw::Secret };
                self.find(flaw, Some(entry), kind.sentence());
            }
            return;
        };
        // `./` alone is how some tools begin.
        if bad == BadName::Empty && entry.is_dir {
            return;
        }
        let text = entry.lossy();
        let (flaw, message) = match bad {
            BadName::Backslash => {
                (Flaw::Backslash, "has a backslash in its name: unzip warns, and that aborts the deployment".to_owned())
            }
            BadName::Absolute => {
                (Flaw::Absolute, "is an absolute path: unzip warns, and that aborts the deployment".to_owned())
            }
            BadName::Component if text.split('/').any(|part| part == "..") => {
                (Flaw::ParentFolder, "leads out of the bundle".to_owned())
            }
            bad => (Flaw::BadName, bad.to_string()),
        };
        self.find(flaw, Some(entry), message);
    }

    fn mode(&mut self, entry: &Listed) {
        if entry.is_dir {
            return;
        }
        if entry.creator == zip::System::Unix {
            if entry.attributes >> 16 == 0 {
                let message = "has no mode: unzip makes it 0600, which the application cannot read";
                self.find(Flaw::MissingMode, Some(entry), message);
            } else if !matches!(entry.attributes >> 28, 0 | 0o4 | 0o10 | 0o12) {
                self.find(Flaw::SpecialMode, Some(entry), "is a device, FIFO or socket, which no bundle can hold");
            } else if entry.attributes >> 16 & 0o7000 != 0 {
                self.find(Flaw::SpecialMode, Some(entry), "is setuid, setgid or sticky, which unzip does not restore");
            }
        }
    }

    fn content(&mut self, index: usize, entry: &Listed) {
        if entry.is_dir {
            return;
        }
        if entry.encrypted {
            return self.find(Flaw::Encrypted, Some(entry), "is encrypted");
        }
        if !matches!(entry.method, zip::CompressionMethod::Stored | zip::CompressionMethod::Deflated) {
            let message = format!("is packed with {}, which unzip may not know", entry.method);
            return self.find(Flaw::Method, Some(entry), message);
        }
        if !self.reads {
            return;
        }
        if entry.is_link && entry.size > LONGEST_TARGET {
            let message = format!("is a link with a target of {}, which no system takes", bytes(entry.size));
            return self.find(Flaw::LongLink, Some(entry), message);
        }
        if entry.size > LARGEST_READ && entry.size / MOST_TIMES > entry.packed {
            let message = format!("unpacks to {}: it is not looked into", bytes(entry.size));
            return self.find(Flaw::Inflated, Some(entry), message);
        }
        let mut contents = ChunkedScan::new(entry.size);
        let mut link = Vec::new();
        let result = self.bundle.content(index, entry.size, |piece| {
            if entry.is_link && link.len() < 4096 {
                link.extend_from_slice(piece);
            }
            contents.add(piece);
        });
        if let Err(error) = result {
            return self.find(Flaw::Unreadable, Some(entry), format!("cannot be unpacked: {error}"));
        }
        let Ok(path) = entry.path() else { return };
        if entry.is_link {
            let target = String::from_utf8_lossy(&link).into_owned();
            if inside(&path, Path::new(&target)).is_none() {
                self.find(Flaw::LinkOutside, Some(entry), format!("links to `{target}`, out of the bundle"));
            }
        }
        let flags = if entry.is_link { ContentFlags::of_target(&link) } else { contents.finish() };
        for kind in flags.secrets.iter() {
            let flaw = if kind.is_database() { Flaw::Database } else { Flaw::Secret };
            self.find(flaw, Some(entry), kind.sentence());
        }
        if flags.crlf {
            let message = "has Windows line endings: Linux will not find the interpreter in its first line";
            self.find(Flaw::CrlfScript, Some(entry), message);
        }
        if flags.script && entry.creator == zip::System::Unix && entry.permissions() & 0o100 == 0 {
            self.find(Flaw::NotExecutable, Some(entry), "is a script that is not executable");
        }
    }

    fn names_together(&mut self, listed: &[Listed], names: &[Vec<u8>]) {
        let mut seen: BTreeMap<&[u8], usize> = BTreeMap::new();
        for name in names.iter().filter(|name| !name.ends_with(b"/")) {
            *seen.entry(name).or_default() += 1;
        }
        for (name, times) in seen.into_iter().filter(|(_, times)| *times > 1) {
            let name = String::from_utf8_lossy(name).into_owned();
            self.find_named(Flaw::Duplicate, Some(name), format!("is there {times} times; the last one wins"));
        }
        let files: BTreeMap<&str, &Listed> =
            listed.iter().filter(|entry| !entry.is_dir).filter_map(|entry| Some((entry.text().ok()?, entry))).collect();
        let texts = listed.iter().filter_map(|entry| entry.text().ok());
        let above = texts.flat_map(|path| path.match_indices('/').map(|(end, _)| &path[..end]));
        let folders: BTreeSet<&str> = above.filter(|folder| files.contains_key(folder)).collect();
        for folder in folders {
            let message = "is a file and also a folder of others: unzip fails, and that aborts the deployment";
            self.find(Flaw::FileAndFolder, Some(files[folder]), message);
        }
        let mut lowered: BTreeMap<String, &Listed> = BTreeMap::new();
        for entry in listed.iter().filter(|entry| !entry.is_dir) {
            let Ok(text) = entry.text() else { continue };
            if let Some(other) = lowered.insert(text.to_lowercase(), entry)
                && other.name != entry.name
            {
                let message = format!("differs from `{}` only in upper and lower case", other.lossy());
                self.find(Flaw::CaseClash, Some(entry), message);
            }
        }
        let files = || listed.iter().filter(|entry| !entry.is_dir);
        let foreign = files().filter(|entry| entry.creator != zip::System::Unix).count();
        if foreign > 0 {
            let message = format!(
                "{} not packed on Unix: modes are ignored, so nothing in them is executable",
                if foreign == 1 { "1 file was".to_owned() } else { format!("{foreign} files were") }
            );
            self.find(Flaw::ForeignModes, None, message);
        }
    }

    fn layout(&mut self, listed: &[Listed]) {
        let paths: Vec<&str> =
            listed.iter().filter(|entry| !entry.is_dir).filter_map(|entry| entry.text().ok()).collect();
        let first = |path: &str| path.split_once('/').map_or(path, |(first, _)| first).to_owned();
        let marked = |path: &str| MARKERS.contains(&first(path).as_str());
        if paths.is_empty() || paths.iter().any(|path| marked(path)) {
            return;
        }
        let tops: BTreeSet<String> = paths.iter().map(|path| first(path)).filter(|top| top != "__MACOSX").collect();
        let below = |path: &&str| path.split_once('/').is_some_and(|(_, rest)| marked(rest));
        match tops.first() {
            Some(top) if tops.len() == 1 && paths.iter().any(below) => {
                self.find(
                    Flaw::WrapperFolder,
                    None,
                    format!("everything is in the folder `{top}`; it must be at the top"),
                );
            }
            _ => {
                let message =
                    "nothing at the top tells a platform what to run (Procfile, requirements.txt, Dockerfile, …)";
                self.find(Flaw::NothingToRun, None, message);
            }
        }
    }
}

/// A content, scanned in the chunks in which the packer scans it: what is chance to the one is chance to the other.
struct ChunkedScan {
    scanner: ContentScanner,
    chunk: Vec<u8>,
    length: usize,
}

impl ChunkedScan {
    fn new(size: u64) -> Self {
        let length = if size > LARGE { CHUNK } else { LARGE as usize };
        Self { scanner: ContentScanner::default(), chunk: Vec::new(), length }
    }

    fn add(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let room = (self.length - self.chunk.len()).min(piece.len());
            self.chunk.extend_from_slice(&piece[..room]);
            piece = &piece[room..];
            if self.chunk.len() == self.length {
                self.scan();
            }
        }
    }

    fn scan(&mut self) {
        self.scanner.add(&self.chunk, is_random(&self.chunk));
        self.chunk.clear();
    }

    fn finish(mut self) -> ContentFlags {
        if !self.chunk.is_empty() {
            self.scan();
        }
        self.scanner.finish()
    }
}

#[cfg(test)]
mod tests;
