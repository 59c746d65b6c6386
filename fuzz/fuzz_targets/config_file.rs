//! Any bytes as a `.config` file: read, checked, fixed, and fixed again.
#![no_main]

use beansprout::beanstalk::tree::Tree;
use beansprout::check::{Settings, changes, run};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut tree = Tree::default().file(".ebextensions/a.config", bytes);
    let report = run(&tree, &Settings::default());
    let _ = report.to_string();
    for change in changes(&tree, &Settings::default()) {
        tree.change(&change.path, change.after.as_deref(), change.executable);
    }
    assert!(changes(&tree, &Settings::default()).is_empty(), "what is mended stays mended");
});
