//! The rules, one file per family. Each is a function over the [`Subject`].

mod code;
mod commands;
mod config_files;
mod cron;
mod dependencies;
mod descriptors;
mod hooks;
mod kept;
mod options;
mod packager;
mod places;
mod ports;
mod processes;
mod promotion;
mod proxy;
mod refused;
mod server;
mod settings;
mod unfinished;
mod units;
mod wheels;

use super::subject::Subject;

pub(super) use packager::check as packager;
pub(super) use promotion::check as promotion;
pub(super) use settings::candidates;

pub(super) fn run(subject: &mut Subject<'_>) {
    config_files::check(subject);
    options::check(subject);
    commands::check(subject);
    cron::check(subject);
    hooks::check(subject);
    proxy::check(subject);
    processes::check(subject);
    places::check(subject);
    server::check(subject);
    ports::check(subject);
    dependencies::check(subject);
    settings::check(subject);
    code::check(subject);
    kept::check(subject);
    descriptors::check(subject);
    unfinished::check(subject);
    units::check(subject);
}

#[cfg(test)]
mod tests;
