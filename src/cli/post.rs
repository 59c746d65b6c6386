//! `post`: a message for the worker that `up` runs, and what it made of it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use super::up;
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::sandbox::instance::{Delivery, LARGEST_MESSAGE, Message, Spool};
use crate::ui::{Answer, Ui};
use crate::world::World;

/// Pause between looks for the worker's answer.
const LOOK: Duration = Duration::from_millis(50);
/// The daemon looks for messages, connects, and writes down what came of it; after this it is not there any more.
const SLACK: Duration = Duration::from_secs(70);

/// Put a message into the queue of the worker that `up` runs
///
/// The message is posted to the application as the queue's daemon does on AWS, with its headers and retries. Says what
/// the worker answered the first time. Exits with 1 if that was anything but 200.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout post message.json --attribute Kind=nightly\n  beansprout post --task clear-sessions"
)]
pub(crate) struct PostArgs {
    /// The file with the message
    #[arg(value_name = "FILE", required_unless_present_any = ["body", "task"])]
    file: Option<PathBuf>,
    /// The message itself
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    body: Option<String>,
    /// Run a task of `cron.yaml` now, as its schedule would
    #[arg(long, value_name = "NAME", conflicts_with_all = ["file", "body", "attributes"])]
    task: Option<String>,
    /// An attribute of the message, which the application gets as the header `X-Aws-Sqsd-Attr-NAME`; may be given more than once
    #[arg(long = "attribute", id = "attributes", value_name = "NAME=VALUE", value_parser = attribute)]
    attributes: Vec<(String, String)>,
    /// The folder of the instance, for one of `sandbox --run` [default: `.beansprout/instance` in the project]
    #[arg(long, value_name = "DIR")]
    instance: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("no worker runs in `{}`", home.display())]
    NoWorker { home: PathBuf },
    #[error("`cron.yaml` has no task `{name}`")]
    NoTask { name: String, known: Vec<String> },
    #[error("the message has {bytes} bytes, and SQS takes {LARGEST_MESSAGE}")]
    TooLarge { bytes: usize },
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the worker was ended before it answered")]
    Ended,
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoWorker { .. } => Exit::Invalid,
            Self::NoTask { .. } | Self::TooLarge { .. } | Self::Read { .. } => Exit::Usage,
            Self::Ended => Exit::StillGoing,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoWorker { .. } => Some(
                "start it with `beansprout up` in another terminal; a project is a worker if it has a `cron.yaml`, or options of \
                 `aws:elasticbeanstalk:sqsd`"
                    .to_owned(),
            ),
            Self::NoTask { known, .. } if known.is_empty() => Some("it has no tasks at all".to_owned()),
            Self::NoTask { known, .. } => Some(format!("it has `{}`", known.join("`, `"))),
            Self::TooLarge { .. } => Some("put the data elsewhere and their address into the message".to_owned()),
            Self::Read { .. } => None,
            Self::Ended => Some("the message waits in the queue until `beansprout up` runs again".to_owned()),
        }
    }
}

fn attribute(text: &str) -> Result<(String, String), String> {
    let plain = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    match text.split_once('=') {
        Some((name, value)) if plain(name) => Ok((name.to_owned(), value.to_owned())),
        _ => Err("an attribute is `NAME=VALUE`, its name of letters, digits, `_`, `-` and `.`".to_owned()),
    }
}

pub(crate) fn post(args: &PostArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let home = match &args.instance {
        Some(dir) => world.resolve(dir),
        None => up::home(&project)?,
    };
    let spool = Spool::at(&home);
    let worker = spool.worker().ok_or(Error::NoWorker { home })?;
    let message = match &args.task {
        Some(name) if !worker.tasks.contains_key(name) => {
            let known = worker.tasks.into_keys().collect();
            return Err(Error::NoTask { name: name.clone(), known }.into());
        }
        Some(name) => Message::of_task(name),
        None => {
            let attributes: BTreeMap<_, _> = args.attributes.iter().cloned().collect();
            Message { attributes, ..Message::new(body(args, world)?) }
        }
    };
    spool.put(&message)?;
    ui.say(match &message.task {
        Some(name) => format!("put task `{name}` into the queue"),
        None => format!("put message {} into the queue", message.id),
    });
    let end = Instant::now() + Duration::from_secs(worker.patience) + SLACK;
    let delivery = loop {
        if let Some(delivery) = spool.answer(&message.id) {
            break delivery;
        }
        if Instant::now() >= end || spool.is_orphaned() {
            return Err(Error::Ended.into());
        }
        std::thread::sleep(LOOK);
    };
    let done = delivery.done();
    ui.answer(&Post { done, delivery });
    Ok(if done { Exit::Done } else { Exit::Findings })
}

fn body(args: &PostArgs, world: &World) -> Result<String, Error> {
    let body = match (&args.body, &args.file) {
        (Some(body), _) => body.clone(),
        (None, file) => {
            let path = world.resolve(file.clone().unwrap_or_default());
            std::fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?
        }
    };
    match body.len() {
        bytes if bytes > LARGEST_MESSAGE => Err(Error::TooLarge { bytes }),
        _ => Ok(body),
    }
}

/// Answer of the worker to the message.
#[derive(Serialize)]
struct Post {
    done: bool,
    #[serde(flatten)]
    delivery: Delivery,
}

impl Answer for Post {
    const SCHEMA: &str = "post/1";

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.delivery.phrase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_can_be_a_header() {
        assert_eq!(attribute("Kind=a=b"), Ok(("Kind".to_owned(), "a=b".to_owned())));
        assert!(attribute("Kind").is_err());
        assert!(attribute("a b=c").is_err());
        assert!(attribute("=c").is_err());
    }
}
