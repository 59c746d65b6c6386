//! Backoff between two looks, and the time to stop looking.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::api_error::ApiError;
use super::aws::Aws;

/// Quick at first, so that something quick is seen at once; then slower, so that AWS isn't asked too often.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    slowest: Duration,
    end: Timestamp,
    /// Since when nothing was seen.
    blind: Option<Timestamp>,
}

/// Time for which looks may fail in passing before nobody looks any more: AWS has bad minutes, and what it does goes on.
const BLIND: SignedDuration = SignedDuration::from_mins(10);

impl Backoff {
    pub(crate) fn new(aws: &Aws, slowest: Duration, limit: Duration) -> Self {
        let limit = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
        let end = aws.now().checked_add(limit).unwrap_or(Timestamp::MAX);
        Self { next: Duration::from_millis(100).min(slowest), slowest, end, blind: None }
    }

    /// Result of a look. `None`: it failed in passing, as `tell` was told, and the next one may not.
    ///
    /// What is looked at goes on whether it is seen or not.
    pub(crate) fn see<T>(
        &mut self,
        aws: &Aws,
        look: Result<T, ApiError>,
        report: impl FnOnce(&ApiError),
    ) -> Result<Option<T>, ApiError> {
        match look {
            Ok(seen) => {
                self.blind = None;
                Ok(Some(seen))
            }
            Err(error)
                if error.may_pass() && aws.now().duration_since(*self.blind.get_or_insert(aws.now())) < BLIND =>
            {
                report(&error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Wait for the next look. `false`: time is up.
    pub(crate) async fn wait(&mut self, aws: &Aws) -> bool {
        let left = Duration::try_from(aws.now().duration_until(self.end)).unwrap_or(Duration::ZERO);
        if left.is_zero() {
            return false;
        }
        tokio::time::sleep(self.next.min(left)).await;
        self.next = (self.next * 2).min(self.slowest);
        true
    }
}
