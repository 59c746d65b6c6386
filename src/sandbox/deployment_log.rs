//! Deployment log of an environment that runs: an object in the account's bucket, as AWS has written it since March 2026,
//! made of the instance's own journal while the deployment goes on.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use jiff::Timestamp;

use super::Error;
use super::s3::buckets::Buckets;

/// AWS cuts it here.
const LARGEST: usize = 1_048_576;
/// Lines of the failed step.
const TAIL: usize = 50;
/// The environment property with which people turn it off.
pub(super) const OFF: &str = "EB_DEPLOYMENT_LOG_S3_DISABLED";

/// The log of one deployment.
pub(super) struct DeploymentLog<'a> {
    buckets: &'a Buckets,
    bucket: String,
    key: String,
    journal: PathBuf,
    /// Where in the journal the deployment begins.
    from: u64,
}

impl<'a> DeploymentLog<'a> {
    /// Begin the log of `request`, whose instance writes to `journal`.
    pub(super) fn begin(
        buckets: &'a Buckets,
        region: &str,
        environment: &str,
        request: &str,
        journal: PathBuf,
    ) -> Self {
        let from = std::fs::metadata(&journal).map_or(0, |data| data.len());
        let key = format!("resources/environments/logs/deployments/{environment}/eb-deployment-{request}.log");
        Self { buckets, bucket: Buckets::storage_location(region), key, journal, from }
    }

    /// Write down what the journal has by now, and the last words of what failed.
    pub(super) fn write(&self, last: &[String], now: Timestamp) -> Result<(), Error> {
        let mut text = self.read().unwrap_or_default();
        for line in &last[last.len().saturating_sub(TAIL)..] {
            text.push_str(line);
            text.push('\n');
        }
        self.buckets.put(&self.bucket, &self.key, cut(text).as_bytes(), now)
    }

    fn read(&self) -> std::io::Result<String> {
        let mut file = File::open(&self.journal)?;
        // A journal that began again has less than before.
        let from = if file.metadata()?.len() < self.from { 0 } else { self.from };
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(2 * LARGEST as u64).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn cut(mut text: String) -> String {
    const MESSAGE: &str = "\nThe log is cut here: it has more than 1 MB.\n";
    if text.len() > LARGEST {
        let mut at = LARGEST - MESSAGE.len();
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.truncate(at);
        text.push_str(MESSAGE);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::s3::buckets::Bucket;
    use super::*;

    #[test]
    fn the_object_holds_what_this_deployment_wrote() {
        let dir = tempfile::tempdir().unwrap();
        let buckets = Buckets::open(dir.path()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let name = Buckets::storage_location("us-east-1");
        buckets.create(&Bucket { name: name.clone(), region: "us-east-1".to_owned(), created: now }).unwrap();
        let journal = dir.path().join("eb-engine.log");
        std::fs::write(&journal, "before\n").unwrap();
        let log = DeploymentLog::begin(&buckets, "us-east-1", "e-1", "r", journal.clone());
        let content = || {
            let object =
                buckets.object(&name, "resources/environments/logs/deployments/e-1/eb-deployment-r.log").unwrap();
            std::fs::read_to_string(buckets.blob(&name, &object.unwrap().blob)).unwrap()
        };
        log.write(&[], now).unwrap();
        assert_eq!(content(), "");
        std::fs::write(&journal, "before\none\n").unwrap();
        log.write(&["last words".to_owned()], now).unwrap();
        assert_eq!(content(), "one\nlast words\n");
        std::fs::write(&journal, "new\n").unwrap();
        log.write(&[], now).unwrap();
        assert_eq!(content(), "new\n", "a journal that began again");
        std::fs::write(&journal, format!("before\n{}", "é".repeat(LARGEST))).unwrap();
        log.write(&[], now).unwrap();
        assert!(content().len() <= LARGEST && content().ends_with("more than 1 MB.\n"));
    }
}
