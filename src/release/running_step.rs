//! The step that an instance is at, while it is at it: the last line of the log that it writes to the bucket.

use jiff::{SignedDuration, Timestamp};

use super::aws::Aws;
use super::call::Call;
use super::deployment_log::{bucket, key, plain};

/// A look costs a call; the instance writes no more often than this.
const EVERY: SignedDuration = SignedDuration::from_secs(5);
/// Bytes at the end of the log that are read.
const END: u64 = 4096;
/// Characters of a line that are shown.
const WIDEST: usize = 120;

/// Looks at the log of one deployment.
#[derive(Debug, Default)]
pub(crate) struct RunningStep {
    last: Option<String>,
    looked: Option<Timestamp>,
}

impl RunningStep {
    /// The step, if it is another than at the last look. That there is none is no failure of what is watched.
    pub(crate) async fn look(&mut self, aws: &Aws, environment: &str, request: &str) -> Option<String> {
        if !self.is_due(aws.now()) {
            return None;
        }
        let (bucket, key) = (bucket(aws)?, key(environment, request));
        let range = format!("bytes=-{END}");
        let call = Call::s3("GetObject", &bucket, &key).with("Range", &range);
        let wanted = aws.s3.get_object().bucket(bucket).key(key).range(range);
        let owner = aws.caller().account.clone();
        // A log that is not there yet may be in a moment; without the right to list, that is said as a refusal.
        let answer = aws.read(call, wanted.set_expected_bucket_owner(owner).send()).await.ok()?;
        let step = step(&answer.body.collect().await.ok()?.to_vec())?;
        if self.last.as_ref() == Some(&step) {
            return None;
        }
        self.last = Some(step.clone());
        Some(step)
    }

    /// Is it time to look again? Whatever comes of a look: one that finds nothing costs as much.
    fn is_due(&mut self, now: Timestamp) -> bool {
        let due = self.looked.is_none_or(|looked| now.duration_since(looked) >= EVERY);
        if due {
            self.looked = Some(now);
        }
        due
    }
}

/// The last step that the end of a log tells of; else its last line.
fn step(end: &[u8]) -> Option<String> {
    const STEP: &str = "Executing instruction: ";
    let text = String::from_utf8_lossy(end);
    let steps = text.lines().rev().filter_map(|line| Some(line.split_once(STEP)?.1));
    let line = steps.chain(text.lines().rev()).map(str::trim).find(|line| !line.is_empty())?;
    Some(plain(line).chars().take(WIDEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_due_every_five_seconds() {
        let mut step = RunningStep::default();
        let due: Vec<i64> = (0..12).filter(|second| step.is_due(Timestamp::from_second(*second).unwrap())).collect();
        assert_eq!(due, [0, 5, 10]);
    }

    #[test]
    fn the_last_step_is_the_one_that_runs() {
        let log = b"half a line\n2026 [INFO] Executing instruction: Download\n2026 [INFO] Executing instruction: Build\x1b[31m it\nwords\n\n";
        assert_eq!(step(log).as_deref(), Some("Build it"));
        assert_eq!(step(b"first\nlast words\n\n").as_deref(), Some("last words"));
        assert_eq!(step(b"\n\n"), None);
        assert_eq!(step(&b"x".repeat(500)).unwrap().len(), WIDEST);
    }
}
