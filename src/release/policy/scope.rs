//! Resources that a policy is about, as the ARNs that IAM compares.

use serde_json::{Value, json};

use super::statement::{allow, with};
use crate::beanstalk::name::Application;

/// Resources that the policy is about. `*` where it is about all.
#[derive(Debug, Clone)]
pub struct Scope {
    pub partition: String,
    pub region: String,
    pub account: String,
    pub application: Application,
    /// Patterns of names; `*` is every one.
    pub environments: Vec<String>,
    /// `None` is the bucket that Elastic Beanstalk keeps, and makes.
    pub bucket: Option<String>,
    pub prefix: String,
    /// Prefix that bundles are copied to before they are deleted: `--archive` of `prune`.
    pub archive: Option<String>,
    /// The KMS key that bundles are encrypted with: an id, an ARN, or `alias/NAME`.
    pub kms_key: Option<String>,
    /// The role in whose name Elastic Beanstalk deletes versions by a rule.
    pub service_role: String,
    /// Deny the exchange of names in DNS too: of `guard`.
    pub no_swap: bool,
}

impl Scope {
    pub(super) fn beanstalk(&self, resource: &str) -> String {
        let Self { partition, region, account, .. } = self;
        format!("arn:{partition}:elasticbeanstalk:{region}:{account}:{resource}")
    }

    pub(super) fn application(&self) -> String {
        self.beanstalk(&format!("application/{}", self.application))
    }

    pub(super) fn versions(&self) -> String {
        self.beanstalk(&format!("applicationversion/{}/*", self.application))
    }

    pub(super) fn environments(&self) -> Vec<String> {
        let one = |name: &String| self.beanstalk(&format!("environment/{}/{name}", self.application));
        self.environments.iter().map(one).collect()
    }

    pub(super) fn role(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role/{name}", self.partition, self.account)
    }

    pub(super) fn bucket(&self) -> String {
        let name = match &self.bucket {
            Some(bucket) => bucket.clone(),
            None => format!("elasticbeanstalk-{}-{}", self.region, self.account),
        };
        format!("arn:{}:s3:::{name}", self.partition)
    }

    /// Logs of deployments and last lines of logs, which instances write to the bucket that Elastic Beanstalk keeps.
    pub(super) fn instance_logs(&self) -> Vec<String> {
        let Self { partition, region, account, .. } = self;
        let folder = format!("arn:{partition}:s3:::elasticbeanstalk-{region}-{account}/resources/environments/logs");
        vec![format!("{folder}/deployments/*"), format!("{folder}/tail/*")]
    }

    /// Bundles, and their copies in the archive.
    pub(super) fn bundles(&self) -> Vec<String> {
        let archive = self.archive.as_ref().map(|prefix| format!("{}/{}/*", self.bucket(), prefix.trim_matches('/')));
        [self.objects("*")].into_iter().chain(archive).collect()
    }

    /// The right to use the key that bundles are encrypted with, if they have one of their own.
    pub(super) fn key(&self, actions: &[&str]) -> Option<Value> {
        let Self { partition, region, account, .. } = self;
        let named = self.kms_key.as_deref()?;
        let keys = |name: &str| format!("arn:{partition}:kms:{region}:{account}:key/{name}");
        let alias = named.split_once("alias/").map(|(_, name)| format!("alias/{name}"));
        Some(match alias {
            // IAM knows keys, not their aliases.
            Some(alias) => with(
                allow("Key", actions, &[keys("*")]),
                json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": alias } }),
            ),
            None if named.starts_with("arn:") => allow("Key", actions, &[named.to_owned()]),
            None => allow("Key", actions, &[keys(named)]),
        })
    }

    pub(super) fn objects(&self, below: &str) -> String {
        let prefix = self.prefix.trim_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        format!("{}/{prefix}{slash}{}/{below}", self.bucket(), self.application)
    }
}
