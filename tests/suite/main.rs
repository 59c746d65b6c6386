//! One suite, one harness, one file per verb. `harness.rs` says how a test looks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
#![allow(clippy::disallowed_methods, reason = "tests are the machine that World asks")]

#[allow(dead_code, reason = "the harness is for every test, also for those to come")]
mod harness;

mod adopt;
mod book;
mod boto3;
mod browser;
mod cache;
mod check;
mod checkout;
mod committed;
mod containers;
mod copier;
mod delta;
mod deploy;
mod diff;
mod dist;
mod documents;
mod drill;
mod ebcli;
#[cfg(unix)]
mod effects;
mod environments;
mod escapes;
mod examples;
mod explain;
mod faces;
mod failures;
mod faults;
mod hour;
mod house;
mod ignored;
mod imports;
mod inspect;
mod instance;
mod launch;
mod limits;
mod logs;
mod matrix;
mod mistakes;
mod moto;
mod new;
mod origin;
mod package;
mod peers;
#[cfg(unix)]
mod planted;
mod policy;
mod printed;
mod progress;
mod promote;
mod prune;
mod publish;
mod quiet;
mod readme;
mod recipes;
mod refreshed;
mod registered;
mod rights;
mod robust;
mod sandbox;
mod secrets;
mod sequences;
#[cfg(unix)]
mod shapes;
mod shell;
mod ships;
mod site;
mod sources;
mod stack;
mod swap;
mod terminal;
mod told;
mod tour;
mod untrusted;
mod up;
mod update;
mod usage;
mod verify;
mod versions;
mod wheels;
mod worker;
