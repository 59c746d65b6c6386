//! beansprout takes a Django project from an empty folder to AWS Elastic Beanstalk.
//!
//! The rooms of the house, from the ground up; imports only point down:
//!
//! - [`beanstalk`]: what Elastic Beanstalk is. Pure: no disk, no clock, no network.
//! - [`bundle`]: what ships, and what it is called.
//! - [`stack`]: templates, and the plan of what they write.
//! - [`environment`]: the description of an environment. Pure too.
//! - `copier`: a template of copier's, as a stack.
//! - `wheels`: what pip would fetch, into the bundle.
//! - [`check`], [`release`], [`sandbox`]: rules, AWS, and the embedded AWS. They stand on the three above.
//! - [`cli`]: one file per verb.
//!
//! Everybody may use the rest, which is the ground: each module says what it is for.

mod adopt;
pub mod beanstalk;
pub mod bundle;
pub mod check;
pub mod cli;
mod copier;
pub mod environment;
pub mod fault;
pub mod file;
pub mod folder;
pub mod git;
pub mod hex;
pub mod known;
pub mod level;
pub mod mode;
pub mod package_name;
pub mod project;
mod regexes;
pub mod release;
pub mod sandbox;
pub mod secret;
pub mod settings_module;
pub mod stack;
pub mod ui;
mod wheels;
pub mod world;
