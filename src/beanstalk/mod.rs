//! What Elastic Beanstalk is, as values: no disk, no clock, no network.
//!
//! [`tree`] is a project as Elastic Beanstalk receives it. [`customizations`] is everything in it that takes part in a
//! deployment, and [`timeline`] is the order in which an instance goes through it. Whoever prints, executes or judges that
//! order uses the same value; there is no second copy of it.

pub(crate) mod compose;
pub mod config_file;
pub mod customizations;
pub mod defaults;
pub(crate) mod dockerfile;
pub mod durations;
pub mod eb_config;
pub mod encoding;
pub mod evidence;
pub(crate) mod image_reference;
pub mod lines;
pub mod made;
pub mod marker;
pub mod name;
pub mod options;
pub mod platforms;
pub mod procfile;
pub(crate) mod purpose;
pub mod regions;
pub mod requirements;
pub mod timeline;
pub mod tree;
pub mod version;
pub mod wheel;
pub mod yaml;
