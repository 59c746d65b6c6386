//! `verify` speaks for Info-ZIP's `unzip -q -o`, which an instance runs: where it finds no error, unzip ends with 0, and
//! what is on the disk then is what `inspect` lists. In bounded time and memory, whatever the bytes are.
//!
//!     cargo +nightly fuzz run zip_unzip -- -timeout=10 -rss_limit_mb=512 -max_len=100000
//!
//! Needs `unzip` (Debian: `unzip`). Seeds are made by the target itself: every input is also put into a small zip file of
//! ours, as damage to it.

#![no_main]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use beansprout::bundle::{Manifest, Reader, Severity, verify};
use libfuzzer_sys::fuzz_target;

/// A stored zip file with one entry: the name `a`, the content `x`.
const SMALL: &[u8] = b"PK\x03\x04\x0a\0\0\0\0\0\0\0\x21\0\x83\x16\xdc\x8c\x01\0\0\0\x01\0\0\0\x01\0\0\0axPK\x01\x02\x1e\x03\x0a\0\0\0\0\0\0\0\x21\0\x83\x16\xdc\x8c\x01\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\xa4\x81\0\0\0\0aPK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0\x20\0\0\0\0\0";

/// More than this is not unpacked: what is compared is what readers make of names and headers.
const MOST: u64 = 64 << 20;

fuzz_target!(|bytes: &[u8]| {
    compare(bytes);
    // Pairs of a place and a byte: what is there in a sound file, and then is not.
    let mut damaged = SMALL.to_vec();
    for pair in bytes.chunks_exact(2).take(8) {
        let at = usize::from(pair[0]) % damaged.len();
        damaged[at] = pair[1];
    }
    compare(&damaged);
});

fn compare(bytes: &[u8]) {
    let place = tempfile::tempdir().expect("a folder for the run");
    let (zip, to) = (place.path().join("a.zip"), place.path().join("to"));
    std::fs::write(&zip, bytes).expect("the folder is ours");
    let Ok(mut opened) = Reader::open(&zip) else { return };
    if opened.unpacked_bytes().map_or(true, |size| size > MOST) {
        return;
    }
    let Ok(findings) = verify(&mut opened) else { return };
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return;
    }
    let manifest = opened.manifest().expect("what is without an error can be listed");
    std::fs::create_dir(&to).expect("the folder is ours");
    let mut unzip = Command::new("unzip");
    unzip.args(["-q", "-o"]).arg(&zip).arg("-d").arg(&to).stdin(Stdio::null());
    let output = unzip.output().expect("unzip is installed");
    assert!(output.status.success(), "unzip says {output:?}, and verify says {findings:?}");
    assert_eq!(listed(&manifest), unpacked(&to), "the tree is what `inspect` lists");
}

fn listed(manifest: &Manifest) -> BTreeSet<String> {
    manifest.entries.iter().map(|entry| entry.path.to_string()).collect()
}

fn unpacked(to: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![to.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("it was just unpacked").flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            } else {
                let path = entry.path();
                found.insert(path.strip_prefix(to).expect("it is below").to_string_lossy().into_owned());
            }
        }
    }
    found
}
