//! Record of the last swap between two environments: which way the name went.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::sides::Survey;
use crate::beanstalk::name::Application;
use crate::release::api_error::ApiError;
use crate::release::aws::Aws;
use crate::release::bucket::{BundleBucket, BundleStore};
use crate::release::document::Stored;
use crate::release::environment::Environment;

/// A name that went from one environment to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exchange {
    /// Ids: names of environments come again.
    pub(super) from: String,
    pub(super) to: String,
    /// The name that went, and the one that came for it.
    pub(super) name: String,
    pub(super) other: String,
    pub(super) caller: Option<String>,
    pub(super) since: Timestamp,
    /// `None`: nobody said that it went well.
    pub(super) ended: Option<Timestamp>,
}

impl Exchange {
    pub(super) fn new(aws: &Aws, survey: &Survey) -> Option<Self> {
        let (name, other) = survey.names();
        Some(Self {
            from: survey.blue.environment.id.clone(),
            to: survey.green.environment.id.clone(),
            name: name?.to_owned(),
            other: other?.to_owned(),
            caller: aws.caller().arn.clone(),
            since: aws.now(),
            ended: None,
        })
    }

    /// Is this what happened, and is it so still?
    fn holds(&self, from: &Environment, to: &Environment) -> bool {
        self.from == from.id
            && self.to == to.id
            && to.cname.as_deref() == Some(self.name.as_str())
            && from.cname.as_deref() == Some(self.other.as_str())
    }

    /// Write it, whatever is there.
    pub(super) async fn put(&self, aws: &Aws, bucket: &BundleBucket, key: &str) -> Result<(), ApiError> {
        for _ in 0..5 {
            let written = match bucket.stored::<Self>(aws, key).await? {
                Stored::Nothing => bucket.write(aws, key, self).await,
                Stored::Document { tag, .. } | Stored::Unreadable { tag } => bucket.replace(aws, key, self, &tag).await,
            };
            match written {
                Ok(Some(_)) => return Ok(()),
                // Somebody else wrote it at the same time; the claims tell who may.
                Ok(None) => {}
                Err(error) if !error.was_answered() && read(aws, bucket, key).await?.as_ref() == Some(self) => {
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// One key for two environments, whichever is named first.
pub(super) fn key(store: &BundleStore, application: &Application, one: &str, other: &str) -> String {
    let (one, other) = if one <= other { (one, other) } else { (other, one) };
    format!("{}{one}_{other}.json", store.folder(application, "swaps"))
}

async fn read(aws: &Aws, bucket: &BundleBucket, key: &str) -> Result<Option<Exchange>, ApiError> {
    Ok(match bucket.stored(aws, key).await? {
        Stored::Document { document, .. } => Some(document),
        Stored::Nothing | Stored::Unreadable { .. } => None,
    })
}

/// The record of how the two came to be as they are, if there is one.
pub(super) async fn holding(
    aws: &Aws,
    bucket: &BundleBucket,
    key: &str,
    blue: &Environment,
    green: &Environment,
) -> Result<Option<Exchange>, Error> {
    match bucket.stored::<Exchange>(aws, key).await? {
        Stored::Document { document, .. } => Ok(Some(document).filter(|exchange| exchange.holds(blue, green))),
        Stored::Nothing => Ok(None),
        // A second exchange would undo the first, and nobody knows of it.
        Stored::Unreadable { .. } => Err(Error::Record { at: bucket.at(key).to_string() }),
    }
}
