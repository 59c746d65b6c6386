//! The messages of a worker, as files in the instance's folder: another process puts them there, and the daemon takes
//! them. They outlive both, as messages in a queue do.
//!
//! ```text
//! queue/worker.json        what the running version answers
//! queue/messages/ID.json   waiting, or being worked on
//! queue/answers/ID.json    what became of one, for whoever put it there
//! queue/dead/ID.json       given up after too many tries
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::{Error, Io};
use crate::sandbox::store;

/// SQS takes no larger message.
pub const LARGEST_MESSAGE: usize = 1_048_576;

/// A message on its way to a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: String,
    pub body: String,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// A periodic task, put into the queue by its name.
    #[serde(default)]
    pub task: Option<String>,
    #[serde(default)]
    pub received: u32,
    #[serde(default)]
    pub first_received: Option<jiff::Timestamp>,
}

impl Message {
    /// A message with a new id.
    pub fn new(body: impl Into<String>) -> Self {
        Self {
            id: crate::sandbox::id::request_id(),
            body: body.into(),
            attributes: BTreeMap::new(),
            task: None,
            received: 0,
            first_received: None,
        }
    }

    /// The message that the daemon of the elected leader puts into the queue when a task is due.
    pub fn of_task(name: &str) -> Self {
        Self { task: Some(name.to_owned()), ..Self::new("elasticbeanstalk scheduled job") }
    }
}

/// Outcome of one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: String,
    /// Absent where nothing answered; `error` says why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Number of deliveries by now, of how many times.
    pub received: u32,
    pub tries: u32,
    /// When it comes back, in seconds; absent if it is done or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again_in: Option<u64>,
}

impl Delivery {
    /// Was the message done? Only 200 takes it off the queue.
    pub fn done(&self) -> bool {
        self.status == Some(200)
    }

    /// The worker's answer and its consequence, as a phrase.
    pub fn phrase(&self) -> String {
        let said = match (self.status, &self.error) {
            (Some(status), _) => format!("the worker answered {status}"),
            (None, error) => format!("the worker gave no answer ({})", error.as_deref().unwrap_or("it ended")),
        };
        match self.again_in {
            _ if self.done() => said,
            Some(pause) => {
                format!("{said}; the message comes back in {pause} s (try {} of {})", self.received, self.tries)
            }
            None if self.tries == 1 => format!("{said}; the message is a dead letter after its only try"),
            None => format!("{said}; the message is a dead letter after {} tries", self.tries),
        }
    }
}

/// Path and tasks of the running version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Where messages are posted to.
    pub path: String,
    /// The tasks of `cron.yaml` and where each is posted to.
    pub tasks: BTreeMap<String, String>,
    /// For how long a delivery may go on without a sign of life, in seconds.
    pub patience: u64,
}

/// The folder of an instance's messages.
#[derive(Debug, Clone)]
pub struct Spool {
    dir: PathBuf,
}

impl Spool {
    /// The spool of the instance in `home`.
    pub fn at(home: &Path) -> Self {
        Self { dir: home.join("queue") }
    }

    /// The worker of the instance, if one runs there.
    pub fn worker(&self) -> Option<Worker> {
        read(&self.dir.join("worker.json")).filter(|_| !self.is_orphaned())
    }

    /// Has the instance ended? It holds a lock for as long as it lives.
    pub fn is_orphaned(&self) -> bool {
        let lock = self.dir.parent().and_then(|home| std::fs::File::open(home.join("lock")).ok());
        lock.is_none_or(|lock| !matches!(lock.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)))
    }

    /// Put a message into the queue.
    pub fn put(&self, message: &Message) -> Result<(), Error> {
        self.write("messages", &message.id, message)
    }

    /// Outcome of a delivery of a message since this was last asked.
    pub fn answer(&self, id: &str) -> Option<Delivery> {
        let path = self.path("answers", id);
        let delivery = read(&path)?;
        let _ = std::fs::remove_file(path);
        Some(delivery)
    }

    pub(crate) fn open(&self, worker: &Worker) -> Result<(), Error> {
        let _ = std::fs::remove_dir_all(self.dir.join("answers"));
        for name in ["messages", "answers", "dead"] {
            let dir = self.dir.join(name);
            std::fs::create_dir_all(&dir).doing("create", &dir)?;
        }
        write(&self.dir.join("worker.json"), worker)
    }

    pub(crate) fn close(&self) {
        let _ = std::fs::remove_file(self.dir.join("worker.json"));
    }

    /// The messages in the queue. What is no message is left alone.
    pub(crate) fn messages(&self) -> Vec<Message> {
        let entries = std::fs::read_dir(self.dir.join("messages")).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ext| ext == "json"));
        let named = |path: PathBuf| {
            let message: Message = read(&path)?;
            (path.file_stem()?.to_str()? == message.id).then_some(message)
        };
        paths.filter_map(named).collect()
    }

    /// Say what became of a delivery, and move the message where it belongs now.
    pub(crate) fn settle(&self, message: &Message, delivery: &Delivery) -> Result<(), Error> {
        let at = self.path("messages", &message.id);
        if delivery.done() {
            std::fs::remove_file(&at).doing("remove", &at)?;
        } else if delivery.again_in.is_some() {
            self.put(message)?;
        } else {
            let to = self.path("dead", &message.id);
            std::fs::rename(&at, &to).doing("move", &at)?;
        }
        self.write("answers", &delivery.id, delivery)
    }

    fn path(&self, folder: &str, id: &str) -> PathBuf {
        self.dir.join(folder).join(format!("{id}.json"))
    }

    fn write(&self, folder: &str, id: &str, content: &impl Serialize) -> Result<(), Error> {
        write(&self.path(folder, id), content)
    }
}

fn write(path: &Path, content: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_vec(content).expect("a message has text keys");
    store::write(path, &text).map_err(|error| match error {
        crate::sandbox::Error::Write { path, source } => Error::Io { doing: "write", path, source },
        other => Error::Io { doing: "write", path: path.to_owned(), source: std::io::Error::other(other) },
    })
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_done_comes_back_or_is_given_up() {
        let home = tempfile::tempdir().unwrap();
        let spool = Spool::at(home.path());
        assert_eq!(spool.worker(), None);
        spool.open(&Worker::default()).unwrap();
        assert_eq!(spool.worker(), None, "no instance holds the lock");
        let case = |status, again_in, left: usize, dead: usize| {
            let message = Message::new("{}");
            spool.put(&message).unwrap();
            let id = message.id.clone();
            let delivery = Delivery { id: id.clone(), status, error: None, received: 1, tries: 3, again_in };
            spool.settle(&message, &delivery).unwrap();
            assert_eq!(spool.answer(&id), Some(delivery));
            assert_eq!(spool.answer(&id), None);
            assert_eq!(spool.messages().len(), left);
            let dead_now = std::fs::read_dir(home.path().join("queue/dead")).unwrap().count();
            assert_eq!(dead_now, dead);
        };
        case(Some(200), None, 0, 0);
        case(Some(500), None, 0, 1);
        case(None, None, 0, 2);
        case(Some(204), Some(2), 1, 2);
    }

    #[test]
    fn rubbish_in_the_queue_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let spool = Spool::at(home.path());
        spool.open(&Worker::default()).unwrap();
        std::fs::write(home.path().join("queue/messages/a.json"), "{").unwrap();
        std::fs::write(home.path().join("queue/messages/b.json"), r#"{"id": "../../x", "body": ""}"#).unwrap();
        assert_eq!(spool.messages(), []);
    }
}
