//! One call to AWS as a value: what `--dry-run` prints, what the audit record keeps, and what an error is about.

use std::fmt;

use serde::Serialize;

/// A call: its name, and the arguments that matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    pub service: &'static str,
    pub operation: &'static str,
    /// In the words of the API reference; never a secret.
    pub arguments: Vec<(&'static str, String)>,
    /// Actions that IAM has to allow for it.
    pub actions: Vec<&'static str>,
    #[serde(skip)]
    pub(super) changes: bool,
}

impl Call {
    pub(crate) fn new(service: &'static str, operation: &'static str) -> Self {
        let actions = actions(service, operation).to_vec();
        Self { service, operation, arguments: Vec::new(), actions, changes: false }
    }

    pub(crate) fn s3(operation: &'static str, bucket: &str, key: &str) -> Self {
        let call = Self::new("s3", operation).with("Bucket", bucket);
        if key.is_empty() { call } else { call.with("Key", key) }
    }

    pub(crate) fn eb(operation: &'static str) -> Self {
        Self::new("elasticbeanstalk", operation)
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.arguments.push((name, value.to_string()));
        self
    }

    /// IAM asks for this too because of an argument.
    #[must_use]
    pub(crate) fn needing(mut self, action: &'static str) -> Self {
        self.actions.push(action);
        self
    }

    #[must_use]
    pub(crate) fn changing(mut self) -> Self {
        self.changes = true;
        self
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)?;
        for (name, value) in &self.arguments {
            if value.contains(char::is_whitespace) || value.is_empty() {
                write!(f, " {name}={value:?}")?;
            } else {
                write!(f, " {name}={value}")?;
            }
        }
        Ok(())
    }
}

/// Actions that IAM asks for, where it isn't the operation's own name.
///
/// Source: the S3 user guide's "Required permissions for Amazon S3 API operations" and the service authorization
/// reference of Elastic Beanstalk.
fn actions(service: &str, operation: &'static str) -> &'static [&'static str] {
    match (service, operation) {
        ("s3", "HeadObject" | "GetObject") => &["s3:GetObject"],
        ("s3", "GetObjectAttributes") => &["s3:GetObject", "s3:GetObjectAttributes"],
        ("s3", "HeadBucket" | "ListObjectsV2") => &["s3:ListBucket"],
        ("s3", "PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload") => &["s3:PutObject"],
        ("s3", "CopyObject" | "UploadPartCopy") => &["s3:GetObject", "s3:PutObject"],
        ("s3", "ListParts") => &["s3:ListMultipartUploadParts"],
        ("s3", "ListMultipartUploads") => &["s3:ListBucketMultipartUploads"],
        ("s3", "AbortMultipartUpload") => &["s3:AbortMultipartUpload"],
        ("s3", "DeleteObject") => &["s3:DeleteObject"],
        ("s3", "GetBucketEncryption") => &["s3:GetEncryptionConfiguration"],
        ("s3", "GetPublicAccessBlock") => &["s3:GetBucketPublicAccessBlock"],
        ("elasticbeanstalk", "CheckDNSAvailability") => &["elasticbeanstalk:CheckDNSAvailability"],
        ("elasticbeanstalk", "CreateApplication") => &["elasticbeanstalk:CreateApplication"],
        ("elasticbeanstalk", "CreateEnvironment") => &["elasticbeanstalk:CreateEnvironment", "iam:PassRole"],
        ("elasticbeanstalk", "DescribeEnvironmentResources") => &["elasticbeanstalk:DescribeEnvironmentResources"],
        ("elasticbeanstalk", "DescribeEnvironmentHealth") => &["elasticbeanstalk:DescribeEnvironmentHealth"],
        ("elasticbeanstalk", "DescribeConfigurationSettings") => &["elasticbeanstalk:DescribeConfigurationSettings"],
        ("elasticbeanstalk", "DescribePlatformVersion") => &["elasticbeanstalk:DescribePlatformVersion"],
        ("elasticbeanstalk", "ListPlatformBranches") => &["elasticbeanstalk:ListPlatformBranches"],
        ("elasticbeanstalk", "ListPlatformVersions") => &["elasticbeanstalk:ListPlatformVersions"],
        ("elasticbeanstalk", "ListTagsForResource") => &["elasticbeanstalk:ListTagsForResource"],
        ("elasticbeanstalk", "CreateStorageLocation") => &["elasticbeanstalk:CreateStorageLocation"],
        ("elasticbeanstalk", "CreateApplicationVersion") => &["elasticbeanstalk:CreateApplicationVersion"],
        ("elasticbeanstalk", "DeleteApplicationVersion") => &["elasticbeanstalk:DeleteApplicationVersion"],
        ("elasticbeanstalk", "DescribeAccountAttributes") => &["elasticbeanstalk:DescribeAccountAttributes"],
        ("elasticbeanstalk", "DescribeApplications") => &["elasticbeanstalk:DescribeApplications"],
        ("elasticbeanstalk", "DescribeApplicationVersions") => &["elasticbeanstalk:DescribeApplicationVersions"],
        ("elasticbeanstalk", "DescribeEnvironments") => &["elasticbeanstalk:DescribeEnvironments"],
        ("elasticbeanstalk", "DescribeEvents") => &["elasticbeanstalk:DescribeEvents"],
        ("elasticbeanstalk", "DescribeInstancesHealth") => &["elasticbeanstalk:DescribeInstancesHealth"],
        ("elasticbeanstalk", "SwapEnvironmentCNAMEs") => &["elasticbeanstalk:SwapEnvironmentCNAMEs"],
        ("elasticbeanstalk", "RequestEnvironmentInfo") => &["elasticbeanstalk:RequestEnvironmentInfo"],
        ("elasticbeanstalk", "RetrieveEnvironmentInfo") => &["elasticbeanstalk:RetrieveEnvironmentInfo"],
        ("elasticbeanstalk", "ValidateConfigurationSettings") => &["elasticbeanstalk:ValidateConfigurationSettings"],
        ("elasticbeanstalk", "UpdateApplicationVersion") => &["elasticbeanstalk:UpdateApplicationVersion"],
        ("elasticbeanstalk", "UpdateTagsForResource") => &["elasticbeanstalk:AddTags"],
        ("elasticbeanstalk", "UpdateEnvironment") => &["elasticbeanstalk:UpdateEnvironment"],
        ("elasticbeanstalk", "AbortEnvironmentUpdate") => &["elasticbeanstalk:AbortEnvironmentUpdate"],
        ("elasticbeanstalk", "UpdateApplicationResourceLifecycle") => {
            &["elasticbeanstalk:UpdateApplicationResourceLifecycle", "iam:PassRole"]
        }
        ("iam", "GetInstanceProfile") => &["iam:GetInstanceProfile"],
        ("iam", "GetRole") => &["iam:GetRole"],
        // `sts:GetCallerIdentity` is allowed to everybody.
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_one_line() {
        let call = Call::s3("PutObject", "bucket", "a/b.zip").with("Note", "two words");
        assert_eq!(call.to_string(), "s3:PutObject Bucket=bucket Key=a/b.zip Note=\"two words\"");
    }
}
