//! One wheel on the disk, looked into: its digest, what it needs, and whether it is what its name says.

use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::beanstalk::wheel::{Machine, Target, WheelName, same_version};
use crate::bundle::Reader;
use crate::file::{self, Doing};
use crate::package_name::normal;

use super::Error;

#[derive(Debug, Clone)]
pub(crate) struct WheelFile {
    pub(crate) path: PathBuf,
    pub(crate) file: String,
    pub(crate) name: WheelName,
    /// Hexadecimal.
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
    /// What it needs, each with its marker.
    pub(crate) needs: Vec<Requirement>,
    /// The tags that it says inside to have been built with.
    tags: Vec<WheelName>,
    /// The processors that its compiled modules are for.
    machines: Vec<u16>,
}

/// Descriptions of packages are texts of some hundred lines.
const LARGEST: u64 = 4_000_000;

impl WheelFile {
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let lies = |why: &str| Error::Lies { file: file.clone(), why: why.to_owned() };
        let name = WheelName::parse(&file).ok_or_else(|| lies("no wheel has such a name"))?;
        let (sha256, bytes) = digest(path)?;
        let broken = |source| Error::Broken { path: path.to_owned(), source: Box::new(source) };
        let mut reader = Reader::open(path).map_err(broken)?;
        let described = |entry: &str| {
            entry.matches('/').count() == 1
                && (entry.ends_with(".dist-info/METADATA") || entry.ends_with(".dist-info/WHEEL"))
        };
        let files = reader.files(described, LARGEST).map_err(broken)?;
        let text = |end: &str| {
            let content = files.iter().find(|(entry, _)| entry.ends_with(end)).map(|(_, content)| content);
            content.map(|content| String::from_utf8_lossy(content).into_owned())
        };
        let metadata = text("/METADATA").ok_or_else(|| lies("it has no `METADATA`"))?;
        let built = text("/WHEEL").ok_or_else(|| lies("it has no `WHEEL`"))?;
        let header = |name: &str| headers(&metadata, name).next().map(str::to_owned).unwrap_or_default();
        if normal(&header("Name")) != name.name {
            return Err(lies(&format!("it holds `{}`", header("Name"))));
        }
        if !same_version(&header("Version"), &name.version.replace('_', "+")) {
            return Err(lies(&format!("it holds version {}", header("Version"))));
        }
        let needs = headers(&metadata, "Requires-Dist").collect::<Vec<_>>().join("\n");
        let needs = Requirements::of_text(&needs, &file).lines;
        let tag = |tag: &str| WheelName::parse(&format!("x-0-{tag}.whl"));
        let tags = headers(&built, "Tag").filter_map(tag).collect();
        let compiled =
            |entry: &str| entry.ends_with(".so") && (entry.contains(".cpython-") || entry.contains(".abi3."));
        let begins = reader.beginnings(compiled, 20).map_err(broken)?;
        let elf = |begin: &Vec<u8>| match begin.as_slice() {
            [0x7f, b'E', b'L', b'F', .., low, high] if begin.len() == 20 => Some(u16::from_le_bytes([*low, *high])),
            _ => None,
        };
        let machines = begins.iter().filter_map(elf).collect();
        Ok(Self { path: path.to_owned(), file, name, sha256, bytes, needs, tags, machines })
    }

    /// Is it what its name says, on an instance that takes wheels of this name?
    pub(crate) fn check(&self, target: Target) -> Result<(), Error> {
        let lies = |why: String| Err(Error::Lies { file: self.file.clone(), why });
        if let Some(first) = self.tags.first()
            && self.tags.iter().all(|tag| target.refuses(tag).is_some())
        {
            return lies(format!("it was built for `{}`", first.tags()));
        }
        let expected = match target.machine {
            Machine::X86 => 62,
            Machine::Arm => 183,
        };
        match self.machines.iter().find(|machine| **machine != expected) {
            Some(62) => lies("its modules are compiled for x86_64".to_owned()),
            Some(183) => lies("its modules are compiled for aarch64".to_owned()),
            Some(_) => lies("its modules are compiled for another processor".to_owned()),
            None => Ok(()),
        }
    }
}

/// Values of a header, up to the empty line that ends them.
fn headers<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().take_while(|line| !line.trim().is_empty());
    lines.filter_map(move |line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// SHA-256 of a file, and how long it is.
pub(super) fn digest(path: &Path) -> Result<(String, u64), Error> {
    let (mut file, _) = file::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer).doing("read", path)? {
            0 => break,
            read => {
                hash.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
    Ok((crate::hex::encode(hash.finalize()), bytes))
}
