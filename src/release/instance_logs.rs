//! Last lines of the logs of an environment's instances, for platforms that write no deployment log: Elastic Beanstalk is
//! asked for them, has every instance send them, and says where each can be fetched for a quarter of an hour.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_elasticbeanstalk::types::{EnvironmentInfoDescription, EnvironmentInfoType};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde::Serialize;

use super::api_error::{ApiError, known};
use super::aws::Aws;
use super::backoff::Backoff;
use super::call::Call;
use super::deployment_log::{Error, lines, living};
use super::{environment, http};
use crate::beanstalk::name::{Application, EnvironmentName};

/// Time that instances have to send them.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time for fetching those of one instance, and bytes that are read of them.
const FETCH: Duration = Duration::from_secs(30);
const LARGEST: usize = 1_048_576;
/// Lines that are kept of each.
const LINES: usize = 400;

/// Last lines of the logs of one instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceLogs {
    pub instance: String,
    /// Without control characters.
    pub lines: Vec<String>,
}

/// What the instances of an environment sent of their logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastLines {
    pub logs: Vec<InstanceLogs>,
    /// Those that sent none in time.
    pub silent: Vec<String>,
    /// Those that sent some which could not be fetched.
    pub unread: Vec<String>,
}

impl LastLines {
    /// Of these instances, with what each sent; `None`: it could not be fetched.
    fn of(instances: &[String], sent: Vec<(String, Option<Vec<u8>>)>) -> Self {
        let silent = silent(instances, sent.iter().map(|(instance, _)| instance.as_str()));
        let mut found = Self { silent, ..Self::default() };
        for (instance, content) in sent {
            let Some(content) = content else {
                found.unread.push(instance);
                continue;
            };
            let mut lines = lines(&content);
            lines.drain(..lines.len().saturating_sub(LINES));
            found.logs.push(InstanceLogs { instance, lines });
        }
        found
    }
}

/// The last lines of every instance's logs, as far as they send them in time.
pub fn instance_logs(aws: &Aws, application: &Application, name: &EnvironmentName) -> Result<LastLines, Error> {
    aws.block_on(async {
        let environment = living(aws, application, name).await?;
        // Where nobody knows how many to wait for, the first that come have to do.
        let instances = known(environment::instance_ids(aws, &environment).await)?.unwrap_or_default();
        let id = environment.id;
        // Those of an earlier request can still be there.
        let old: BTreeSet<Option<String>> = offered(aws, &id).await?.into_iter().map(|info| info.message).collect();
        let call = Call::eb("RequestEnvironmentInfo").with("EnvironmentId", &id).with("InfoType", "tail");
        let request = aws.eb.request_environment_info().environment_id(&id).info_type(EnvironmentInfoType::Tail);
        aws.write(call, request.send()).await?;
        let mut backoff = Backoff::new(aws, Duration::from_secs(4), PATIENCE);
        let offered = loop {
            let mut offered = offered(aws, &id).await?;
            offered.retain(|info| !old.contains(&info.message));
            let sent = offered.iter().filter_map(|info| info.ec2_instance_id.as_deref());
            let complete = !offered.is_empty() && silent(&instances, sent).is_empty();
            if complete || !backoff.wait(aws).await {
                break offered;
            }
        };
        let mut sent = Vec::new();
        for info in offered {
            let (Some(instance), Some(url)) = (info.ec2_instance_id, info.message) else { continue };
            sent.push((instance, fetch(&url).await));
        }
        Ok(LastLines::of(&instances, sent))
    })
}

/// The instances that sent nothing.
fn silent<'a>(instances: &[String], sent: impl Iterator<Item = &'a str>) -> Vec<String> {
    let sent: BTreeSet<&str> = sent.collect();
    instances.iter().filter(|instance| !sent.contains(instance.as_str())).cloned().collect()
}

/// What instances have sent, and where it can be fetched.
async fn offered(aws: &Aws, id: &str) -> Result<Vec<EnvironmentInfoDescription>, ApiError> {
    let call = Call::eb("RetrieveEnvironmentInfo").with("EnvironmentId", id).with("InfoType", "tail");
    let request = aws.eb.retrieve_environment_info().environment_id(id).info_type(EnvironmentInfoType::Tail);
    Ok(aws.read(call, request.send()).await?.environment_info.unwrap_or_default())
}

/// What is behind an address that AWS has signed. `None`: nothing that can be had.
async fn fetch(url: &str) -> Option<Vec<u8>> {
    let request = HttpRequest::get(url).ok()?;
    let (status, content) = http::fetch(request, FETCH, LARGEST).await.ok()?;
    (200..300).contains(&status).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_instance_is_waited_for() {
        let instances = ["i-1".to_owned(), "i-2".to_owned()];
        assert_eq!(silent(&instances, ["i-1"].into_iter()), ["i-2"]);
        assert!(silent(&instances, ["i-2", "i-1", "i-3"].into_iter()).is_empty());
        // Nobody knows of any: whoever sends some is enough.
        assert!(silent(&[], ["i-1"].into_iter()).is_empty());
    }

    #[test]
    fn who_sent_what_cannot_be_fetched_was_not_silent() {
        let instances = ["i-1", "i-2", "i-3"].map(str::to_owned);
        let sent = vec![("i-1".to_owned(), Some(b"one\ntwo\n".to_vec())), ("i-2".to_owned(), None)];
        let found = LastLines::of(&instances, sent);
        assert_eq!(found.logs, [InstanceLogs { instance: "i-1".to_owned(), lines: vec!["one".into(), "two".into()] }]);
        assert_eq!((found.silent, found.unread), (vec!["i-3".to_owned()], vec!["i-2".to_owned()]));
    }
}
