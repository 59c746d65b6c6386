//! IAM: is an instance profile there, or a role? Elastic Beanstalk finds out when an instance should start, minutes after it said yes.
//!
//! Two questions do not pay for a crate with the 170 operations of IAM: the SDK's own signer signs a form, and the answer is a
//! status and a code. Whatever else comes of it is "not known", and keeps nobody from launching.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;

use super::api_error::{ErrorKind, SANDBOX};
use super::http;
use crate::beanstalk::regions;
use crate::known::Known;

const VERSION: &str = "2010-05-08";
/// Code with which IAM says that something is not there.
const NO_SUCH: &str = "NoSuchEntity";
/// An answer with roles in it has some thousand bytes.
const LARGEST: usize = 1_048_576;

/// What can be looked for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Profile,
    Role,
}

impl Kind {
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Profile => "GetInstanceProfile",
            Self::Role => "GetRole",
        }
    }

    fn parameter(self) -> &'static str {
        match self {
            Self::Profile => "InstanceProfileName",
            Self::Role => "RoleName",
        }
    }
}

/// Where IAM is, and who asks. It is one for a whole partition.
#[derive(Debug)]
pub(crate) struct Iam {
    credentials: Option<SharedCredentialsProvider>,
    /// `None`: what stands in for AWS may have no IAM, and AWS's own is about another account.
    url: Option<String>,
    region: &'static str,
    timeout: Duration,
}

impl Iam {
    /// `url` stands in for all of AWS, `others` for some of its services.
    pub(super) fn new(config: &SdkConfig, url: Option<&str>, others: &[String], timeout: Duration) -> Self {
        let (region, host) = match config.region().map_or("aws", |region| regions::partition(region.as_ref())) {
            "aws-cn" => ("cn-north-1", "iam.cn-north-1.amazonaws.com.cn"),
            "aws-us-gov" => ("us-gov-west-1", "iam.us-gov.amazonaws.com"),
            _ => ("us-east-1", "iam.amazonaws.com"),
        };
        let url = match url {
            Some(url) => Some(url.to_owned()),
            None => others.is_empty().then(|| format!("https://{host}")),
        };
        Self { credentials: config.credentials_provider(), url, region, timeout }
    }

    /// Is it there?
    pub(super) async fn look(&self, kind: Kind, name: &str, now: SystemTime) -> Known<()> {
        let Some(url) = &self.url else { return Known::unknown("what stands in for AWS has no IAM") };
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("Action", kind.operation()), ("Version", VERSION), (kind.parameter(), name)])
            .finish();
        // As long as other calls, and not longer: a launch does not depend on it.
        let answer = tokio::time::timeout(self.timeout, async {
            let request = self.request(url, form, now).await?;
            ask(request, self.timeout).await
        });
        match answer.await.ok().flatten() {
            Some(answer) => judge(kind, &answer),
            None => Known::unknown("IAM did not answer"),
        }
    }

    /// A signed request, and where it goes.
    async fn request(&self, url: &str, form: String, now: SystemTime) -> Option<HttpRequest> {
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let identity = self.credentials.as_ref()?.provide_credentials().await.ok()?.into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name("iam")
            .time(now)
            .settings(SigningSettings::default());
        let headers = [("content-type", kind)];
        let body = SignableBody::Bytes(form.as_bytes());
        let signable = SignableRequest::new("POST", url, headers.into_iter(), body).ok()?;
        let (signed, _) = sign(signable, &params.build().ok()?.into()).ok()?.into_parts();
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_method("POST").ok()?;
        request.set_uri(url).ok()?;
        request.headers_mut().try_insert("content-type", kind).ok()?;
        for (name, value) in signed.headers() {
            request.headers_mut().try_insert(name.to_owned(), value.to_owned()).ok()?;
        }
        *request.body_mut() = SdkBody::from(form);
        Some(request)
    }
}

struct Answer {
    status: u16,
    code: Option<String>,
}

async fn ask(request: HttpRequest, timeout: Duration) -> Option<Answer> {
    // What is there is not read: that it is there is enough. An answer that is cut off says nothing.
    let (status, body) = http::fetch(request, timeout, LARGEST).await.ok()?;
    Some(Answer { status, code: code(&String::from_utf8_lossy(&body)) })
}

/// The code of a refusal.
fn code(body: &str) -> Option<String> {
    let (_, rest) = body.split_once("<Code>")?;
    Some(rest.split_once("</Code>")?.0.to_owned())
}

fn judge(kind: Kind, answer: &Answer) -> Known<()> {
    let Answer { status, code } = answer;
    match (*status, code.as_deref()) {
        (200, _) => Known::Yes(()),
        (_, Some(NO_SUCH)) => Known::No,
        (_, Some(SANDBOX)) => Known::unknown("the sandbox has no IAM"),
        (_, code) if ErrorKind::of(code, Some(*status)) == ErrorKind::Denied => {
            Known::unknown(format!("these credentials may not call `iam:{}`", kind.operation()))
        }
        (_, Some(code)) => Known::unknown(format!("IAM answered `{code}`")),
        (status, None) => Known::unknown(format!("IAM answered with status {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_code_says_that_it_is_not_there() {
        let of = |status, code: Option<&str>| judge(Kind::Role, &Answer { status, code: code.map(str::to_owned) });
        assert_eq!(of(200, None), Known::Yes(()));
        assert!(of(404, Some("NoSuchEntity")).is_no());
        // Some other server at that address.
        assert_eq!(of(404, None).why(), Some("IAM answered with status 404"));
        assert_eq!(of(403, Some("AccessDenied")).why(), Some("these credentials may not call `iam:GetRole`"));
        assert_eq!(of(501, Some(SANDBOX)).why(), Some("the sandbox has no IAM"));
        assert_eq!(of(400, Some("Throttling")).why(), Some("IAM answered `Throttling`"));
        assert_eq!(code("<E><Error><Code>NoSuchEntity</Code></Error></E>").as_deref(), Some("NoSuchEntity"));
        assert_eq!(code("<html>"), None);
    }
}
