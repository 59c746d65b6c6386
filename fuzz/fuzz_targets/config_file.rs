//! Any bytes as a `.config` file: read, checked, fixed, and fixed again.
#![no_main]

use beansprout::beanstalk::tree::Tree;
use beansprout::check::{Settings, changes, run};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let tree = Tree::default().file(".ebextensions/a.config", bytes);
    let report = run(&tree, &Settings::default());
    let _ = report.to_string();
    for change in changes(&tree, &report) {
        if let Some(after) = change.after {
            run(&Tree::default().file(&change.path, after), &Settings::default());
        }
    }
});
