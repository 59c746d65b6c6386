//! No text makes the manifest reader panic, and what it accepts is sorted, well named and equal to itself.
//!
//!     cargo +nightly fuzz run manifest

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(manifest) = beansprout::bundle::Manifest::parse(text) else { return };
    assert!(manifest.changes_to(&manifest).is_empty());
    assert!(manifest.entries.windows(2).all(|pair| pair[0].path < pair[1].path));
});
