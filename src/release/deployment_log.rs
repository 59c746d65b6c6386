//! Deployment log: the steps of a deployment in the instance's own words, which Elastic Beanstalk has written to its bucket
//! since March 2026, while the deployment runs.
//!
//! Source: Developer Guide, "Deployment logs", for key, content and size. The lines of the table of causes are those that
//! people quote in public reports.

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
            Self::NoEnvironment { .. } => Exit::Aws,
            Self::Refused(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoEnvironment { .. } => Some("look at `--region` and `--application`".to_owned()),
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
        self.failed_step().iter().rev().find_map(|line| cause(line))
    }
}

/// A line that people quote, and the rule that explains it: all `words` stand in it.
struct Cause {
    words: &'static [&'static str],
    rule: &'static str,
    /// Such a line, as public reports have it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests hold the words against it"))]
    example: &'static str,
}

const fn row(words: &'static [&'static str], rule: &'static str, example: &'static str) -> Cause {
    Cause { words, rule, example }
}

/// Known last lines. The first row that fits counts, so that the special ones stand before the general.
const CAUSES: [Cause; 30] = [
    row(&["pg_config executable not found"], "EB040", "Error: pg_config executable not found."),
    row(&["mysql_config", "not found"], "EB041", "OSError: mysql_config not found"),
    row(
        &["Can not find valid pkg-config name"],
        "EB041",
        "Exception: Can not find valid pkg-config name. Specify MYSQLCLIENT_CFLAGS and MYSQLCLIENT_LDFLAGS env vars manually",
    ),
    row(&["amazon-linux-extras", "not found"], "EB042", "/bin/sh: amazon-linux-extras: command not found"),
    row(
        &["Could not find the GDAL library"],
        "EB043",
        "django.core.exceptions.ImproperlyConfigured: Could not find the GDAL library (tried \"gdal\", \"GDAL\").",
    ),
    row(
        &["codec can't decode byte", "0xff"],
        "EB050",
        "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
    ),
    row(
        &["Could not install packages due to an", "No such file or directory"],
        "EB051",
        "ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: '/home/conda/work'",
    ),
    row(
        &["No matching distribution found for pywin32"],
        "EB051",
        "ERROR: No matching distribution found for pywin32==306",
    ),
    row(
        &["Cannot find command 'git'"],
        "EB052",
        "ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?",
    ),
    row(
        &["requires a different Python"],
        "EB054",
        "ERROR: Package 'django' requires a different Python: 3.9.25 not in '>=3.10'",
    ),
    row(
        &["Ignored the following versions that require a different python version"],
        "EB054",
        "ERROR: Ignored the following versions that require a different python version: 5.2 Requires-Python >=3.10",
    ),
    row(
        &["is not a supported wheel on this platform"],
        "EB056",
        "ERROR: app-1.0-cp313-cp313-macosx_11_0_arm64.whl is not a supported wheel on this platform.",
    ),
    row(
        &["No space left on device"],
        "EB055",
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
    ),
    row(&["signal: killed"], "EB055", "install dependencies failed with error signal: killed"),
    row(
        &["/opt/python/", "No such file or directory"],
        "EB033",
        "/bin/sh: /opt/python/run/venv/bin/activate: No such file or directory",
    ),
    row(
        &["Couldn't import Django"],
        "EB035",
        "ImportError: Couldn't import Django. Are you sure it's installed and available on your PYTHONPATH environment variable?",
    ),
    row(&["No module named 'application'"], "EB002", "ModuleNotFoundError: No module named 'application'"),
    row(&["Failed to find attribute 'application'"], "EB002", "Failed to find attribute 'application' in 'shop'."),
    row(
        &["must either define the environment variable DJANGO_SETTINGS_MODULE"],
        "EB111",
        "You must either define the environment variable DJANGO_SETTINGS_MODULE or call settings.configure()",
    ),
    row(
        &["The SECRET_KEY setting must not be empty"],
        "EB024",
        "django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.",
    ),
    row(&["KeyError: 'SECRET_KEY'"], "EB024", "KeyError: 'SECRET_KEY'"),
    row(
        &["Missing staticfiles manifest entry"],
        "EB023",
        "ValueError: Missing staticfiles manifest entry for 'shop/site.css'",
    ),
    row(
        &["without having set the STATIC_ROOT setting"],
        "EB021",
        "You're using the staticfiles app without having set the STATIC_ROOT setting to a filesystem path.",
    ),
    row(&["exec format error"], "EB092", "fork/exec .platform/hooks/predeploy/01_migrate.sh: exec format error"),
    row(
        &["fork/exec", "permission denied"],
        "EB092",
        "fork/exec .platform/hooks/predeploy/01_migrate.sh: permission denied",
    ),
    row(
        &["Permission denied: '/var/log/"],
        "EB090",
        "PermissionError: [Errno 13] Permission denied: '/var/log/app.log'",
    ),
    row(
        &["attempt to write a readonly database"],
        "EB080",
        "django.db.utils.OperationalError: attempt to write a readonly database",
    ),
    row(&["supervisorctl", "not found"], "EB100", "/bin/sh: supervisorctl: command not found"),
    row(
        &["Contains invalid key"],
        "EB202",
        "Error processing file (Skipping): '.ebextensions/a.config' - Contains invalid key: 'Commands'",
    ),
    row(
        &["contains invalid YAML or JSON"],
        "EB095",
        "The configuration file .ebextensions/a.config in application version v1 contains invalid YAML or JSON.",
    ),
];

fn cause(line: &str) -> Option<&'static str> {
    CAUSES.iter().find(|row| row.words.iter().all(|words| line.contains(words))).map(|row| row.rule)
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
    fn every_known_line_has_a_rule_that_has_a_page() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/reference/rules");
        let pages: String = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        for row in &CAUSES {
            assert_eq!(cause(row.example), Some(row.rule), "{}", row.example);
            assert!(pages.contains(&format!("## {} ", row.rule)), "there is no page for {}", row.rule);
        }
        assert_eq!(cause("Everything went well."), None);
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
