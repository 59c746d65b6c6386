//! Deployment log: the steps of a deployment in the instance's own words, which Elastic Beanstalk has written to its bucket
//! since March 2026, while the deployment runs.
//!
//! Source: Developer Guide, "Deployment logs", for key, content and size.

mod cause;

use std::collections::BTreeSet;

use serde::Serialize;

use super::api_error::{ApiError, ErrorKind};
use super::aws::Aws;
use super::call::Call;
use super::environment;
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::fault::{Exit, Fault};
use crate::ui::turns_text;

/// AWS cuts the log here; more than this is not read.
const LARGEST: u64 = 1_048_576;
/// Lines of an excerpt.
const LINES: usize = 200;
/// Requests that are tried, the newest first: a change of tags has no log.
const TRIES: usize = 5;
/// Mark of a line that ended the deployment.
const ERROR: &str = "[ERROR]";

/// The log of one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeploymentLog {
    pub environment: EnvironmentName,
    pub request: String,
    pub bucket: String,
    pub key: String,
    /// Without control characters.
    pub lines: Vec<String>,
}

/// The log, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogReading {
    Read(DeploymentLog),
    Absent(Absence),
}

/// Reason why there is no log to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absence {
    /// No deployment of the last six weeks is known.
    NoDeployment,
    NotWritten,
    /// IAM says no.
    Denied,
}

impl Absence {
    pub fn phrase(self) -> &'static str {
        match self {
            Self::NoDeployment => "no deployment of the last six weeks is known",
            Self::NotWritten => {
                "the instance wrote none: its platform version is older than March 2026, its profile may not write to the \
                 bucket, it has no way to S3, or `EB_DEPLOYMENT_LOG_S3_DISABLED` is set"
            }
            Self::Denied => "it may not be read; `beansprout policy deployer` has the right (`s3:GetObject`)",
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{application}` has no environment `{environment}` in {region}")]
    NoEnvironment { application: Application, environment: EnvironmentName, region: String },
    #[error(transparent)]
    Refused(#[from] ApiError),
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoEnvironment { .. } => Exit::Invalid,
            Self::Refused(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoEnvironment { .. } => {
                Some("look at `--region` and `--application`; `beansprout status` lists what there is".to_owned())
            }
            Self::Refused(error) => error.hint(),
        }
    }
}

/// The log of the last deployment of an environment, or of the one that a request asked for.
pub fn deployment_log(
    aws: &Aws,
    application: &Application,
    name: &EnvironmentName,
    request: Option<&str>,
) -> Result<LogReading, Error> {
    aws.block_on(async {
        let found = living(aws, application, name).await?;
        let requests = match request {
            Some(request) => vec![request.to_owned()],
            None => requests(aws, &found.id).await?,
        };
        let Some(bucket) = bucket(aws) else { return Ok(LogReading::Absent(Absence::Denied)) };
        let mut absence = if requests.is_empty() { Absence::NoDeployment } else { Absence::NotWritten };
        for request in requests {
            let key = key(&found.id, &request);
            match fetch(aws, &bucket, &key).await {
                Ok(content) => {
                    let lines = lines(&content);
                    return Ok(LogReading::Read(DeploymentLog {
                        environment: name.clone(),
                        request,
                        bucket,
                        key,
                        lines,
                    }));
                }
                Err(error) if error.kind() == ErrorKind::Missing => {}
                // S3 says so of an object that is not there, too, to those who may not list the bucket.
                Err(error) if error.kind() == ErrorKind::Denied => absence = Absence::Denied,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(LogReading::Absent(absence))
    })
}

/// The environment, which must be there.
pub(super) async fn living(
    aws: &Aws,
    application: &Application,
    name: &EnvironmentName,
) -> Result<environment::Environment, Error> {
    environment::find(aws, application, name).await?.ok_or_else(|| Error::NoEnvironment {
        application: application.clone(),
        environment: name.clone(),
        region: aws.region().to_owned(),
    })
}

/// The bucket that Elastic Beanstalk keeps for the account and region.
pub(super) fn bucket(aws: &Aws) -> Option<String> {
    let account = aws.caller().account.as_deref()?;
    Some(format!("elasticbeanstalk-{}-{account}", aws.region()))
}

pub(super) fn key(environment: &str, request: &str) -> String {
    format!("resources/environments/logs/deployments/{environment}/eb-deployment-{request}.log")
}

/// Requests that something happened for, the newest first.
async fn requests(aws: &Aws, environment: &str) -> Result<Vec<String>, ApiError> {
    let events = environment::events(aws, environment, None).await?;
    let mut seen = BTreeSet::new();
    let newest = events.into_iter().rev().filter_map(|event| event.request);
    Ok(newest.filter(|request| seen.insert(request.clone())).take(TRIES).collect())
}

async fn fetch(aws: &Aws, bucket: &str, key: &str) -> Result<Vec<u8>, ApiError> {
    let call = Call::s3("GetObject", bucket, key);
    let owner = aws.caller().account.clone();
    let range = format!("bytes=0-{}", LARGEST - 1);
    let request = aws.s3.get_object().bucket(bucket).key(key).range(range).set_expected_bucket_owner(owner);
    let mut body = aws.read(call.clone(), request.send()).await?.body;
    let mut content = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| ApiError::cut_off(call.clone(), &error, aws.endpoint()))?;
        content.extend_from_slice(&chunk);
        if content.len() as u64 >= LARGEST {
            content.truncate(LARGEST as usize);
            break;
        }
    }
    Ok(content)
}

/// The lines of a log as a terminal may show them: what an instance writes must not move the cursor of whoever reads it.
pub(super) fn lines(content: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(content).lines().map(plain).collect()
}

pub(super) fn plain(line: &str) -> String {
    let mut plain = String::new();
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' if chars.peek() == Some(&'[') => {
                chars.next();
                // The sequence ends with a letter or another mark of this range.
                while chars.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {}
            }
            '\t' => plain.push(' '),
            // Marks that turn the direction of text hide what a line says.
            char if char.is_control() || turns_text(char) => {}
            char => plain.push(char),
        }
    }
    plain
}

impl DeploymentLog {
    /// The failed step: from the line of its first error on. Empty if nothing failed.
    pub fn failed_step(&self) -> &[String] {
        let from = self.lines.iter().position(|line| line.contains(ERROR));
        let step = from.map_or(&[][..], |from| &self.lines[from..]);
        &step[..step.len().min(LINES)]
    }

    /// The last lines.
    pub fn end(&self) -> &[String] {
        &self.lines[self.lines.len().saturating_sub(LINES)..]
    }

    /// The rule of `check` that explains the failed step: that of the last line which one of them knows.
    pub fn rule(&self) -> Option<&'static str> {
        self.failed_step().iter().rev().find_map(|line| cause::rule(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(text: &str) -> DeploymentLog {
        DeploymentLog {
            environment: "shop-prod".parse().unwrap(),
            request: "r".to_owned(),
            bucket: "b".to_owned(),
            key: key("e-1", "r"),
            lines: lines(text.as_bytes()),
        }
    }

    #[test]
    fn the_failed_step_begins_with_its_first_error_and_has_an_end() {
        let text = "a [INFO] Executing instruction: x\nb [ERROR] it failed\nModuleNotFoundError: No module named 'application'\n";
        let failed = log(text);
        assert_eq!(failed.failed_step(), &failed.lines[1..]);
        assert_eq!(failed.rule(), Some("EB002"));
        let good = log("a [INFO] all is well\n");
        assert_eq!((good.failed_step().len(), good.rule()), (0, None));
        let long = log(&format!("[ERROR] x\n{}", "line\n".repeat(1000)));
        assert_eq!(long.failed_step().len(), LINES);
        assert_eq!(log(&"line\n".repeat(1000)).end().len(), LINES);
    }

    #[test]
    fn a_log_moves_no_cursor() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\u{7}\u{8} and\tplain\u{9b}2J\r"), "red and plain2J");
        assert_eq!(plain("\u{1b}]0;title\u{7}x"), "]0;titlex");
        assert_eq!(plain("a\u{202e}b"), "ab");
        assert_eq!(plain("\u{1b}["), "");
    }

    #[test]
    fn the_key_is_that_of_the_guide() {
        let wanted = "resources/environments/logs/deployments/e-1/eb-deployment-1234.log";
        assert_eq!(key("e-1", "1234"), wanted);
    }
}
