//! Bundles in any state, verified.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::bundle::{Output, PackOptions, Plan, Scope, unpack};
use crate::ui::Progress;
use crate::world::Interrupt;

fn packed(tree: &Path, to: &Path) -> Result<crate::bundle::Bundle, crate::bundle::Error> {
    let options = PackOptions {
        progress: &Progress::hidden(),
        interrupt: &Interrupt::default(),
        max_bytes: MAX_BYTES,
        cache: None,
    };
    Plan::read(&Scope::of(tree))?.write(&Output::File(to.to_owned()), &options)
}

/// A small bundle with a file of each kind.
fn bundle() -> Vec<u8> {
    let place = tempfile::tempdir().expect("a folder");
    let tree = place.path().join("tree");
    std::fs::create_dir(&tree).expect("a folder");
    std::fs::write(tree.join("Procfile"), "web: gunicorn\n".repeat(20)).expect("a file");
    std::fs::write(tree.join("run.sh"), "#!/bin/sh\n").expect("a file");
    let made = packed(&tree, &place.path().join("a.zip")).expect("a bundle");
    std::fs::read(made.path).expect("it was just written")
}

/// In compressed content, four letters and sixteen more of a key are chance: neither the packer nor the verifier looks.
#[test]
fn the_packer_and_the_verifier_take_the_same_for_chance() {
    let key = format!(" AKIA{} ", "Q3EGVZ5RKT7WNJ2X");
    let place = tempfile::tempdir().expect("a folder");
    let tree = place.path().join("tree");
    std::fs::create_dir(&tree).expect("a folder");
    for size in [100_000, 5 << 20] {
        let mut noise = crate::bundle::pack::deflate::tests::noise(size);
        noise[size / 2..size / 2 + key.len()].copy_from_slice(key.as_bytes());
        std::fs::write(tree.join("photo"), noise).expect("a file");
        std::fs::write(tree.join("Procfile"), "web: gunicorn\n").expect("a file");
        let made = packed(&tree, &place.path().join("a.zip")).expect("chance keeps nothing out");
        let findings = verify(&mut Reader::open(&made.path).expect("a zip file")).expect("it can be read");
        assert!(findings.is_empty(), "{findings:?}");
        // Beside something else it is a key.
        std::fs::write(tree.join("photo"), [b"text ".repeat(size / 5), key.clone().into()].concat()).expect("a file");
        assert!(packed(&tree, &place.path().join("b.zip")).is_err());
    }
}

/// A target is text like any other, for the packer and for the verifier.
#[test]
fn a_link_that_holds_a_secret_is_found() {
    let place = tempfile::tempdir().expect("a folder");
    let tree = place.path().join("tree");
    std::fs::create_dir(&tree).expect("a folder");
    std::fs::write(tree.join("Procfile"), "web: gunicorn\n").expect("a file");
    let key = format!("AKIA{}", "Q3EGVZ5RKT7WNJ2X");
    if !crate::mode::KNOWN {
        return;
    }
    crate::mode::link(&key, &tree.join("link")).expect("a link");
    let zip = place.path().join("a.zip");
    assert!(packed(&tree, &zip).is_err());
    let mut scope = Scope::of(&tree);
    scope.allow.push("link".to_owned());
    let (progress, interrupt) = (Progress::hidden(), Interrupt::default());
    let options = PackOptions { progress: &progress, interrupt: &interrupt, max_bytes: MAX_BYTES, cache: None };
    Plan::read(&scope).expect("a plan").write(&Output::File(zip.clone()), &options).expect("it is allowed by name");
    let findings = verify(&mut Reader::open(&zip).expect("a zip file")).expect("it can be read");
    let secrets: Vec<&Finding> = findings.iter().filter(|finding| finding.flaw == Flaw::Secret).collect();
    assert!(matches!(secrets[..], [found] if found.entry.as_deref() == Some("link")), "{findings:?}");
}

#[test]
fn a_bundle_that_unpacks_to_too_much_is_not_begun() {
    let place = tempfile::tempdir().expect("a folder");
    let (zip, to) = (place.path().join("a.zip"), place.path().join("to"));
    std::fs::write(&zip, bundle()).expect("a file");
    let error = unpack(&zip, &to, 200).expect_err("the limit is below what it has");
    assert!(error.to_string().contains("unpacks to"), "{error}");
    assert!(!to.exists());
    let mut opened = Reader::open(&zip).expect("a bundle");
    assert!(opened.files(|name| name == "Procfile", 200).is_err());
    assert_eq!(opened.files(|name| name == "run.sh", 200).expect("it is small").len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to a zip file, the reader does not panic, and nothing is written outside of the folder.
    #[test]
    fn damaged_bundles_are_read_without_harm(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        static BUNDLE: LazyLock<Vec<u8>> = LazyLock::new(bundle);
        let mut bytes = BUNDLE.clone();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("a.zip");
        std::fs::write(&path, bytes).expect("a file");
        if let Ok(mut opened) = Reader::open(&path) {
            let _ = opened.manifest();
            let _ = verify(&mut opened);
            let _ = unpack(&path, &place.path().join("to/deep"), 1 << 30);
        }
        for entry in std::fs::read_dir(place.path()).expect("a folder").flatten() {
            prop_assert!(entry.file_name() == "a.zip" || entry.file_name() == "to", "{:?}", entry);
        }
    }
}

/// What `unzip -q -o` does with a file, and which files it leaves; none where there is no such program.
fn unzipped(zip: &Path, to: &Path) -> Option<(bool, Vec<String>)> {
    std::fs::create_dir_all(to).expect("a folder");
    let mut unzip = std::process::Command::new("unzip");
    let output =
        unzip.args(["-q", "-o"]).arg(zip).arg("-d").arg(to).stdin(std::process::Stdio::null()).output().ok()?;
    let mut files = Vec::new();
    let mut folders = vec![to.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("it was just unpacked").flatten() {
            match entry.file_type().expect("it is there").is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path().strip_prefix(to).expect("below").to_string_lossy().into_owned()),
            }
        }
    }
    files.sort();
    Some((output.status.success(), files))
}

/// Where no error is found, unzip ends well, and what is on the disk is what the manifest lists. The same cases every time:
/// the fuzz target `zip_unzip` looks for others.
#[test]
fn verify_speaks_for_unzip() {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..3);
    let front = prop::collection::vec(any::<u8>(), 0..2);
    let cut = prop::option::weighted(0.1, any::<prop::sample::Index>());
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&(damage, front, cut), |(damage, front, cut)| {
        static BUNDLE: LazyLock<Vec<u8>> = LazyLock::new(bundle);
        let mut bytes = BUNDLE.clone();
        // Names, methods, sizes and modes are at the beginnings of headers: that is where damage says something.
        let headers: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(b"PK")).collect();
        for (at, byte) in damage {
            let header = headers[at.index(headers.len())];
            let at = (header + at.index(64)).min(bytes.len() - 1);
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let bytes = [front, bytes].concat();
        let place = tempfile::tempdir().expect("a folder");
        let zip = place.path().join("a.zip");
        std::fs::write(&zip, bytes).expect("a file");
        let Ok(mut opened) = Reader::open(&zip) else { return Ok(()) };
        let Ok(findings) = verify(&mut opened) else { return Ok(()) };
        if findings.iter().any(|finding| finding.severity == crate::bundle::Severity::Error) {
            return Ok(());
        }
        let Some((ended_well, files)) = unzipped(&zip, &place.path().join("to")) else { return Ok(()) };
        prop_assert!(ended_well, "unzip fails, and only this was found: {findings:?}");
        let manifest = opened.manifest().expect("what is without an error can be listed");
        let listed: Vec<String> = manifest.entries.iter().map(|entry| entry.path.to_string()).collect();
        prop_assert_eq!(listed, files);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
