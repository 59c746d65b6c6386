//! Any bytes as each of the other files: the first byte chooses which.
#![no_main]

use beansprout::beanstalk::customizations::Customizations;
use beansprout::beanstalk::timeline::{Event, Timeline};
use beansprout::beanstalk::tree::Tree;
use beansprout::check::{Settings, run};

const PATHS: &[&str] = &[
    "Procfile",
    "Buildfile",
    "requirements.txt",
    "cron.yaml",
    "env.yaml",
    "docker-compose.yml",
    "Dockerrun.aws.json",
    "pyproject.toml",
    ".elasticbeanstalk/config.yml",
    ".platform/hooks/predeploy/a.sh",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let tree = Tree::default().file(PATHS[usize::from(*first) % PATHS.len()], rest);
    run(&tree, &Settings::default());
    for event in Event::ALL {
        Timeline::new(&Customizations::read(&tree), event);
    }
});
