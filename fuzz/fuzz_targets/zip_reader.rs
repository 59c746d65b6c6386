//! No zip file makes the reader panic, and none makes it write outside of the folder that it unpacks to.
//!
//!     cargo +nightly fuzz run zip_reader

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let place = tempfile::tempdir().expect("a folder for the run");
    let zip = place.path().join("a.zip");
    std::fs::write(&zip, bytes).expect("the folder is ours");
    let Ok(mut opened) = beansprout::bundle::Reader::open(&zip) else { return };
    let manifest = opened.manifest();
    let _ = beansprout::bundle::verify(&mut opened);
    let unpacked = beansprout::bundle::unpack(&zip, &place.path().join("to/deep"), 1 << 30);
    assert!(unpacked.is_err() || manifest.is_ok(), "what can be unpacked can be listed");
    for entry in std::fs::read_dir(place.path()).expect("the folder is ours").flatten() {
        assert!(entry.file_name() == "a.zip" || entry.file_name() == "to", "written outside: {entry:?}");
    }
});
