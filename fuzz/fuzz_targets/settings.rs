//! Any bytes as Django's settings.
#![no_main]

use beansprout::beanstalk::tree::Tree;
use beansprout::check::{Settings, run};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let tree = Tree::default()
        .file("Procfile", "web: gunicorn a.wsgi\n")
        .file("a/wsgi.py", "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"a.settings\")\n")
        .file("a/settings.py", bytes);
    run(&tree, &Settings::default());
});
