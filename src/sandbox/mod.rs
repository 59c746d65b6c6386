//! The embedded AWS: S3, the Elastic Beanstalk API and STS on one loopback port, and the two questions of IAM that a launch has.
//!
//! No mock trait stands in for AWS. The same client that talks to AWS talks to this server, and so do `boto3` and the
//! EB CLI. What it keeps outlives it: the state is files in one folder, which two servers can share.

pub mod instance;

mod access_log;
mod beanstalk;
mod deployment_log;
mod dispatch;
mod environment;
mod event;
mod faults;
mod iam;
mod id;
mod input;
mod model;
mod page;
mod reply;
mod runner;
mod s3;
mod seed;
mod server;
mod service;
mod shell_names;
mod signature;
mod state;
mod store;
mod visitor;
mod wake;

use std::path::PathBuf;

use crate::fault::{Exit, Fault};
use crate::world::World;

pub use self::faults::{Injection, Rule};
pub use self::server::{Server, variables};
pub use self::shell_names::{Names, names};

/// The credentials that the sandbox knows. They open nothing else.
pub const ACCESS_KEY_ID: &str = "AKIABEANSPROUTSANDBX";
pub const SECRET_ACCESS_KEY: &str = "this-is-not-a-secret/beansprout-sandbox";
/// Where the sandbox is, unless the caller says otherwise.
pub const REGION: &str = "us-east-1";
/// The account that owns everything in the sandbox.
pub const ACCOUNT: &str = "123456789012";
/// Where `beansprout sandbox` listens unless told otherwise.
pub const PORT: u16 = 9324;

/// Settings of a sandbox.
#[derive(Clone)]
pub struct Settings {
    pub world: World,
    /// The folder that holds everything. Made if it is not there.
    pub state: PathBuf,
    /// Where to listen; 0 takes any free port.
    pub port: u16,
    pub speed: Speed,
    /// Faults on order, for tests of clients.
    pub faults: Vec<Rule>,
    /// Do environments that are created here run their versions on this machine?
    pub run: bool,
    /// Calls that fill a new state, in a JSON file.
    pub seed: Option<PathBuf>,
}

impl Settings {
    /// Any free port, transitions at once.
    pub fn new(world: &World, state: impl Into<PathBuf>) -> Self {
        Self {
            world: world.clone(),
            state: state.into(),
            port: 0,
            speed: Speed::Instant,
            faults: Vec::new(),
            run: false,
            seed: None,
        }
    }
}

/// Read the rules of a `--faults` file.
pub fn read_faults(path: &std::path::Path) -> Result<Vec<Rule>, Error> {
    let text = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&text).map_err(|source| Error::Faults { path: path.to_owned(), source })
}

/// The file with the bytes of an object that the sandbox in `state` holds.
pub fn object(state: &std::path::Path, bucket: &str, key: &str) -> Result<Option<PathBuf>, Error> {
    let buckets = s3::buckets::Buckets::open(state)?;
    let object = buckets.object(bucket, key)?;
    Ok(object.map(|object| buckets.blob(bucket, &object.blob)))
}

/// Speed of what takes time on AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// About as long as on AWS: minutes for an environment
    Real,
    /// Over by the next call
    Instant,
    /// Environments move only when a test says so, by `POST /-/step`; the rest is over by the next call
    Stepped,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("port {port} is taken")]
    PortTaken { port: u16 },
    #[error("failed to listen on port {port}")]
    Listen { port: u16, source: std::io::Error },
    #[error("failed to start the sandbox's threads")]
    Threads { source: std::io::Error },
    #[error("`{}` was written by a newer beansprout (state version {found}, this one knows {known})", path.display())]
    Newer { path: PathBuf, found: u64, known: u64 },
    #[error("`{}` is not a sandbox's state", path.display())]
    Broken { path: PathBuf, source: serde_json::Error },
    #[error("`{}` is not a list of faults", path.display())]
    Faults { path: PathBuf, source: serde_json::Error },
    #[error("`{}` is not a list of calls", path.display())]
    Seed { path: PathBuf, source: serde_json::Error },
    #[error("`{operation}`, call {number} of `{}`, was refused: {message}", path.display())]
    SeedRefused { path: PathBuf, number: usize, operation: String, message: String },
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("failed to write `{}`", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::PortTaken { .. } => Exit::Usage,
            _ => Exit::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::PortTaken { .. } => Some(
                "another sandbox may be running; choose another with `--port`, or any free one with `--port 0`"
                    .to_owned(),
            ),
            Self::Newer { .. } => {
                Some("update beansprout, or keep this version's state elsewhere with `--state DIR`".to_owned())
            }
            Self::Broken { path, .. } => Some(format!("move `{}` away to start with an empty sandbox", path.display())),
            Self::Faults { .. } => Some("such as `[{\"on\": \"UploadPart\", \"fault\": \"unavailable\"}]`".to_owned()),
            Self::Seed { .. } => Some(
                "such as `[{\"operation\": \"CreateApplication\", \"parameters\": {\"ApplicationName\": \"shop\"}}]`"
                    .to_owned(),
            ),
            Self::SeedRefused { .. }
            | Self::Listen { .. }
            | Self::Threads { .. }
            | Self::Read { .. }
            | Self::Write { .. } => None,
        }
    }
}
