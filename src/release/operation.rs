//! Operation on an environment: one document per environment that says who moves it, from where, to where, and how that goes on.
//!
//! While it is under way it keeps others out; a run that lives renews it every few seconds, so one that died keeps nobody
//! out for longer than a minute. Afterwards it tells `rollback` where the environment came from, which Elastic Beanstalk
//! does not.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::api_error::ApiError;
use super::aws::Aws;
use super::bucket::BundleBucket;
use super::document::Stored;
use crate::file;

/// A run that has not been heard of for so long is dead.
const SILENCE: SignedDuration = SignedDuration::from_secs(60);
/// A beat that is farther in the future was written by a clock that is wrong; AWS itself refuses such clocks.
const SKEW: SignedDuration = SignedDuration::from_mins(15);
/// How often a run is heard of.
pub(crate) const BEAT: SignedDuration = SignedDuration::from_secs(10);

/// Way in which an environment is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    Deploy,
    Rollback,
    /// Its name in DNS goes to another environment. No version moves.
    Swap,
}

/// Move of an environment from one version to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    pub verb: Verb,
    /// Version that it had before; `None`: none of this application.
    pub from: Option<String>,
    /// Was it ready and healthy with that version?
    pub from_ran_well: bool,
    pub to: String,
    pub caller: Option<String>,
    /// Name of the run, which tells it from others of the same caller.
    pub run: String,
    pub since: Timestamp,
    /// Last time that the run was heard of.
    pub beat: Timestamp,
    /// `None`: nobody said that it is over.
    pub ended: Option<Timestamp>,
    /// A swap moves no version: the move that a rollback goes back from stays known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Box<Operation>>,
}

impl Operation {
    /// Does a run that lives carry it out, as far as can be known?
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        let silent = now.duration_since(self.beat);
        self.ended.is_none() && silent <= SILENCE && silent >= -SKEW
    }

    /// Did a run of this caller to this version leave it? A swap moves no version, and ends itself.
    fn is_left(&self, caller: Option<&str>, to: &str) -> bool {
        self.ended.is_none() && self.verb != Verb::Swap && self.caller.as_deref() == caller && self.to == to
    }

    /// The last move of a version, if this is one or knows of one.
    pub(crate) fn last_move(self) -> Option<Self> {
        match self.verb {
            Verb::Deploy | Verb::Rollback => Some(self),
            Verb::Swap => self.moved.map(|moved| *moved),
        }
    }

    /// This operation after another one.
    fn after(&self, before: Self) -> Self {
        let moved = (self.verb == Verb::Swap).then(|| before.last_move().map(Box::new)).flatten();
        Self { moved, ..self.clone() }
    }
}

/// Whether this run may move the environment.
#[derive(Debug)]
pub(crate) enum Taking {
    /// It may, and says so in the document.
    Taken(Box<Claim>),
    HeldBy(Box<Operation>),
}

/// Document that says that this run moves the environment.
#[derive(Debug)]
pub(crate) struct Claim {
    key: String,
    tag: String,
    operation: Operation,
    /// Held for as long as this process lives, whatever ends it.
    _local: Option<LocalRun>,
}

/// What may be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakeOver {
    /// What has ended, and what a dead run left.
    Dead,
    /// Also what another run seems to be at.
    Anything,
}

/// Take the environment for this run.
pub(crate) async fn take(
    aws: &Aws,
    bucket: &BundleBucket,
    key: String,
    mut wanted: Operation,
    local: Option<LocalRun>,
    over: TakeOver,
) -> Result<Taking, ApiError> {
    // An operation that ends just now can be followed by another run's, once each time.
    for _ in 0..5 {
        let written = match bucket.stored::<Operation>(aws, &key).await? {
            Stored::Nothing => {
                sign(&local, &wanted);
                bucket.write(aws, &key, &wanted).await
            }
            // Nobody can be asked about it, and nothing says that it is alive.
            Stored::Unreadable { tag } => {
                sign(&local, &wanted);
                bucket.replace(aws, &key, &wanted, &tag).await
            }
            Stored::Document { document: theirs, tag } => {
                let died_here = local.as_ref().is_some_and(|local| local.before.as_ref() == Some(&theirs.run));
                if over == TakeOver::Dead && theirs.is_alive(aws.now()) && !died_here {
                    return Ok(Taking::HeldBy(Box::new(theirs)));
                }
                wanted = wanted.after(theirs);
                sign(&local, &wanted);
                bucket.replace(aws, &key, &wanted, &tag).await
            }
        };
        let written = match written {
            // The answer was lost, and what it was about may be there.
            Err(error) if !error.was_answered() => match bucket.stored::<Operation>(aws, &key).await? {
                Stored::Document { document, tag } if document.run == wanted.run => Some(tag),
                _ => return Err(error),
            },
            written => written?,
        };
        if let Some(tag) = written {
            return Ok(Taking::Taken(Box::new(Claim { key, tag, operation: wanted, _local: local })));
        }
    }
    Ok(Taking::HeldBy(Box::new(match bucket.stored::<Operation>(aws, &key).await? {
        Stored::Document { document, .. } => document,
        Stored::Nothing | Stored::Unreadable { .. } => wanted,
    })))
}

/// Leave word on this machine before it is known in the bucket: otherwise a run that dies in between keeps itself out.
fn sign(local: &Option<LocalRun>, wanted: &Operation) {
    if let Some(local) = local {
        local.sign(&wanted.run);
    }
}

/// The last operation on an environment. `None`: none, or none that can be understood.
pub(crate) async fn last(aws: &Aws, bucket: &BundleBucket, key: &str) -> Result<Option<Operation>, ApiError> {
    Ok(match bucket.stored(aws, key).await? {
        Stored::Document { document, .. } => Some(document),
        Stored::Nothing | Stored::Unreadable { .. } => None,
    })
}

/// End the operation that an earlier run of this caller to this version left, if it is over.
pub(crate) async fn end_left(aws: &Aws, bucket: &BundleBucket, key: &str, to: &str) -> Result<(), ApiError> {
    if let Stored::Document { document: mut left, tag } = bucket.stored::<Operation>(aws, key).await?
        && left.is_left(aws.caller().arn.as_deref(), to)
    {
        left.ended = Some(aws.now());
        bucket.replace(aws, key, &left, &tag).await?;
    }
    Ok(())
}

impl Claim {
    /// Say that this run lives, if it was not said lately. Somebody who took over is left alone.
    pub(crate) async fn beat(&mut self, aws: &Aws, bucket: &BundleBucket) -> Result<(), ApiError> {
        if aws.now().duration_since(self.operation.beat) < BEAT {
            return Ok(());
        }
        self.operation.beat = aws.now();
        self.put(aws, bucket).await
    }

    /// Say that the operation is over.
    pub(crate) async fn end(&mut self, aws: &Aws, bucket: &BundleBucket) -> Result<(), ApiError> {
        self.operation.ended = Some(aws.now());
        self.put(aws, bucket).await
    }

    async fn put(&mut self, aws: &Aws, bucket: &BundleBucket) -> Result<(), ApiError> {
        if let Some(tag) = bucket.replace(aws, &self.key, &self.operation, &self.tag).await? {
            self.tag = tag;
        }
        Ok(())
    }
}

/// File in the project that a living run holds, so that the next one on this machine knows whether it died.
#[derive(Debug)]
pub(crate) struct LocalRun {
    file: File,
    /// Name of the run that held it before.
    before: Option<String>,
}

impl LocalRun {
    /// Hold the file. `None`: another run holds it, or there can be none; then only the document in the bucket tells.
    pub(crate) fn hold(path: &Path) -> Option<Self> {
        file::make_folder(file::folder_of(path)).ok()?;
        let mut file = file::open_own(path, OpenOptions::new().read(true).write(true).truncate(false)).ok()?;
        file.try_lock().ok()?;
        let mut before = String::new();
        file.read_to_string(&mut before).ok()?;
        Some(Self { file, before: Some(before).filter(|name| !name.is_empty()) })
    }

    fn sign(&self, run: &str) {
        // Without it, a run that died is only found out a minute later.
        let mut file = &self.file;
        let _ = file.rewind().and_then(|()| self.file.set_len(0)).and_then(|()| file.write_all(run.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation() -> Operation {
        let beat: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        Operation {
            verb: Verb::Deploy,
            from: None,
            from_ran_well: false,
            to: "v1".to_owned(),
            caller: None,
            run: "1".to_owned(),
            since: beat,
            beat,
            ended: None,
            moved: None,
        }
    }

    #[test]
    fn who_is_not_heard_of_is_dead() {
        let operation = operation();
        let beat = operation.beat;
        assert!(operation.is_alive(beat + SignedDuration::from_secs(59)));
        assert!(!operation.is_alive(beat + SignedDuration::from_secs(61)));
        assert!(!operation.is_alive(beat - SignedDuration::from_mins(16)));
        assert!(!Operation { ended: Some(beat), ..operation }.is_alive(beat));
    }

    #[test]
    fn a_deployment_ends_what_an_earlier_one_left_and_no_swap() {
        let left = operation();
        assert!(left.is_left(None, "v1"));
        assert!(Operation { verb: Verb::Rollback, ..operation() }.is_left(None, "v1"));
        assert!(!left.is_left(Some("somebody"), "v1"));
        assert!(!left.is_left(None, "v2"));
        assert!(!Operation { ended: Some(left.since), ..operation() }.is_left(None, "v1"));
        // It is the label that both environments had before, and perhaps somebody's who exchanges names just now.
        assert!(!Operation { verb: Verb::Swap, ..operation() }.is_left(None, "v1"));
    }

    #[test]
    fn a_run_that_died_here_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operations/shop-prod");
        let first = LocalRun::hold(&path).unwrap();
        assert_eq!(first.before, None);
        first.sign("one");
        assert!(LocalRun::hold(&path).is_none());
        drop(first);
        assert_eq!(LocalRun::hold(&path).unwrap().before.as_deref(), Some("one"));
    }
}
