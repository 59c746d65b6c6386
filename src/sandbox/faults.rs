//! Injected faults: tests say which call meets which fault, so that a client's answer to it can be seen.
//!
//! A rule names an operation and may name parameters; the matching calls are counted, the first `skip` pass, the next
//! `times` meet the fault. Rules come from `--faults FILE`, or are posted to `/-/faults` while the sandbox runs.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use s3s::Body;
use serde::{Deserialize, Serialize};

use super::reply::{Envelope, Refusal};
use super::service::Service;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The operation, such as `PutObject`; `*` is all of them.
    pub on: String,
    /// Parameters that must have these values. For S3 they are `Bucket` and `Key`.
    #[serde(default)]
    pub with: BTreeMap<String, String>,
    pub fault: Injection,
    /// Number of matching calls that pass first.
    #[serde(default)]
    pub skip: u32,
    /// Number of matching calls that then meet the fault: one at least.
    #[serde(default = "once")]
    pub times: NonZeroU32,
    /// Seconds that a `stall` lasts.
    #[serde(default = "hour")]
    pub seconds: u32,
}

fn once() -> NonZeroU32 {
    NonZeroU32::MIN
}

fn hour() -> u32 {
    3600
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Injection {
    /// Too many requests.
    Throttle,
    /// 500.
    InternalError,
    /// 503.
    Unavailable,
    AccessDenied,
    ExpiredToken,
    /// The connection ends and nothing was done.
    ResetBefore,
    /// It was done, and the connection ends instead of an answer.
    ResetAfter,
    /// It was done, and half of the answer arrives.
    Truncate,
    /// A body changes on its way: S3 refuses one that it is sent, and sends one with another byte in it. On
    /// `UploadPartCopy`, what is kept is not what the source has, and the answer has its checksum.
    WrongChecksum,
    /// An error under the status 200, as S3 sends it when copying or completing goes wrong after the first bytes.
    #[serde(rename = "error-200")]
    Error200,
    /// On `UploadPartCopy`: the answer has no checksum.
    NoChecksum,
    /// On `UploadPartCopy`: somebody overwrites the source the moment before.
    SourceChanges,
    /// On `PutObject` and `CompleteMultipartUpload`: S3 says yes and keeps other bytes, with their checksum.
    StoredCorrupt,
    /// S3 refuses with a status alone, as it does every `HEAD`.
    Bodyless,
    /// Nothing happens for `seconds`; then it is done and answered.
    Stall,
    /// The version's processing ends in `FAILED`.
    ProcessingFails,
    /// On `DeleteApplicationVersion`: the version goes although an environment has it, as AWS has been seen to do it.
    DeleteDeployed,
    /// On `DeleteApplicationVersion`: the version goes, its object stays, and the call says so.
    BundleStays,
    /// The environment's update fails; it keeps the old version.
    DeploymentFails,
    /// The environment's update fails on some instances and is taken back.
    DeploymentRollsBack,
    /// The new version runs, and its health is red.
    DeploymentTurnsRed,
    /// The update never ends by itself; it can be aborted.
    DeploymentHangs,
}

/// The rules that still have something to do.
#[derive(Default)]
pub(super) struct Faults {
    rules: Mutex<Vec<Rule>>,
}

impl Faults {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        Self { rules: Mutex::new(rules) }
    }

    pub(super) fn add(&self, rules: Vec<Rule>) {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).extend(rules);
    }

    pub(super) fn clear(&self) {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn left(&self) -> Vec<Rule> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The rule that this call meets, if any.
    pub(super) fn meet(&self, operation: &str, parameter: impl Fn(&str) -> Option<String>) -> Option<Rule> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let mut met = None;
        for (at, rule) in rules.iter_mut().enumerate() {
            let matches = (rule.on == operation || rule.on == "*")
                && rule.with.iter().all(|(name, value)| parameter(name).as_ref() == Some(value));
            if !matches {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            met = Some((at, rule.clone()));
            break;
        }
        let (at, rule) = met?;
        match NonZeroU32::new(rule.times.get() - 1) {
            Some(left) => rules[at].times = left,
            None => drop(rules.remove(at)),
        }
        Some(rule)
    }
}

impl Injection {
    /// The refusal that this fault is, if it is one.
    pub(super) fn refusal(self, service: Service, operation: &str) -> Option<Refusal> {
        let s3 = service == Service::S3;
        let refusal = match self {
            Self::Throttle if s3 => Refusal::new(503, "SlowDown", "Please reduce your request rate."),
            Self::Throttle => Refusal::new(400, "Throttling", "Rate exceeded"),
            Self::InternalError if s3 => {
                Refusal::new(500, "InternalError", "We encountered an internal error. Please try again.")
            }
            Self::InternalError => Refusal::new(500, "InternalFailure", "The request failed due to an internal error."),
            Self::Unavailable => Refusal::new(503, "ServiceUnavailable", "The service is temporarily unavailable."),
            Self::AccessDenied if s3 => Refusal::new(403, "AccessDenied", "Access Denied"),
            Self::AccessDenied => {
                let action = format!("{}:{operation}", service.name());
                let user = format!("arn:aws:iam::{}:user/beansprout-sandbox", super::ACCOUNT);
                Refusal::new(403, "AccessDenied", format!("User: {user} is not authorized to perform: {action}"))
            }
            Self::WrongChecksum if matches!(operation, "PutObject" | "UploadPart") => {
                Refusal::new(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
            }
            Self::Error200 if matches!(operation, "CopyObject" | "UploadPartCopy" | "CompleteMultipartUpload") => {
                Refusal::new(200, "InternalError", "We encountered an internal error. Please try again.")
            }
            Self::Bodyless if s3 => Refusal::new(400, "", ""),
            Self::ExpiredToken if s3 => Refusal::new(400, "ExpiredToken", "The provided token has expired."),
            Self::ExpiredToken => {
                Refusal::new(403, "ExpiredToken", "The security token included in the request is expired")
            }
            _ => return None,
        };
        Some(refusal)
    }
}

/// A refusal in the form of the service.
pub(super) fn answer(refusal: &Refusal, service: Service, envelope: &Envelope<'_>) -> Response<Body> {
    if service != Service::S3 {
        return envelope.refusal(refusal);
    }
    if refusal.code.is_empty() {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = refusal.status;
        return response;
    }
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{}</Code><Message>{}</Message><RequestId>{}</RequestId></Error>",
        refusal.code, refusal.message, envelope.request
    );
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = refusal.status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response.extensions_mut().insert(refusal.clone());
    response
}

/// The answer to a request for a bucket of another region than it was signed for.
pub(super) fn elsewhere(bucket: &str, region: &str, envelope: &Envelope<'_>) -> Response<Body> {
    let message = format!(
        "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future \
         requests to this endpoint. ({bucket} is in {region})"
    );
    let mut response = answer(&Refusal::new(301, "PermanentRedirect", message), Service::S3, envelope);
    if let Ok(region) = HeaderValue::from_str(region) {
        response.headers_mut().insert("x-amz-bucket-region", region);
    }
    response
}

/// The answer as it arrives under a fault that strikes after the deed.
pub(super) async fn after(response: Response<Body>, fault: Injection, operation: &str) -> Response<Body> {
    match (fault, operation) {
        (Injection::Truncate, _) => truncate(response).await,
        (Injection::WrongChecksum, "HeadObject") => spoil(response, true).await,
        (Injection::WrongChecksum, "GetObject") => spoil(response, false).await,
        _ => response,
    }
}

/// Half of the answer, under headers that promise all of it.
async fn truncate(response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let Ok(body) = body.collect().await else { return Response::from_parts(head, Body::empty()) };
    let whole = body.to_bytes();
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let half: Bytes = whole.slice(..whole.len() / 2);
    let cut = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let frames = stream::iter([Ok(Frame::data(half)), Err(cut)]);
    Response::from_parts(head, Body::http_body_unsync(StreamBody::new(frames)))
}

/// One byte of the body is another, and of a checksum that comes without a body too.
async fn spoil(response: Response<Body>, head_only: bool) -> Response<Body> {
    const CHECKSUM: &str = "x-amz-checksum-sha256";
    let (mut head, body) = response.into_parts();
    if head_only {
        if head.headers.contains_key(CHECKSUM) {
            // SHA-256 of nothing.
            let other = HeaderValue::from_static("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
            head.headers.insert(CHECKSUM, other);
        }
        return Response::from_parts(head, body);
    }
    let Ok(body) = body.collect().await else { return Response::from_parts(head, Body::empty()) };
    let mut bytes = body.to_bytes().to_vec();
    if let Some(byte) = bytes.first_mut() {
        *byte ^= 1;
    }
    Response::from_parts(head, Body::from(Bytes::from(bytes)))
}

/// The rules over HTTP: `GET` lists what is left, `POST` adds, `DELETE` forgets.
///
/// Only `application/json` is taken: a web page cannot send that here without asking first, and is never answered.
pub(super) fn control(faults: &Faults, method: &hyper::Method, kind: Option<&str>, body: &[u8]) -> Response<Body> {
    let (status, text) = match method.as_str() {
        "GET" => (StatusCode::OK, serde_json::to_string_pretty(&faults.left()).expect("rules have text keys")),
        "DELETE" => {
            faults.clear();
            (StatusCode::OK, "[]".to_owned())
        }
        "POST" if kind == Some("application/json") => match serde_json::from_slice(body) {
            Ok(rules) => {
                faults.add(rules);
                (StatusCode::OK, serde_json::to_string_pretty(&faults.left()).expect("rules have text keys"))
            }
            Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")),
        },
        "POST" => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "rules are `application/json`\n".to_owned()),
        _ => (StatusCode::METHOD_NOT_ALLOWED, "GET, POST or DELETE\n".to_owned()),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nth_call_meets_its_fault() {
        let rules = r#"[
            {"on": "PutObject", "with": {"Key": "a"}, "fault": "reset-after", "skip": 1, "times": 2},
            {"on": "*", "fault": "throttle"}
        ]"#;
        let faults = Faults::new(serde_json::from_str(rules).unwrap());
        let call = |operation: &str, key: &str| {
            let key = key.to_owned();
            faults.meet(operation, |name| (name == "Key").then(|| key.clone())).map(|rule| rule.fault)
        };
        assert_eq!(call("PutObject", "a"), Some(Injection::Throttle));
        assert_eq!(call("PutObject", "b"), None);
        assert_eq!(call("PutObject", "a"), Some(Injection::ResetAfter));
        assert_eq!(call("GetObject", "a"), None);
        assert_eq!(call("PutObject", "a"), Some(Injection::ResetAfter));
        assert_eq!(call("PutObject", "a"), None);
        assert_eq!(faults.left(), []);
    }

    #[test]
    fn a_rule_for_no_call_is_refused() {
        let rule = serde_json::from_str::<Rule>(r#"{"on": "*", "fault": "access-denied", "times": 0}"#);
        assert!(rule.unwrap_err().to_string().contains("nonzero"));
    }

    #[test]
    fn a_mistyped_rule_is_refused() {
        assert!(serde_json::from_str::<Rule>(r#"{"on": "x", "fault": "boom"}"#).is_err());
        assert!(serde_json::from_str::<Rule>(r#"{"on": "x", "fault": "stall", "second": 1}"#).is_err());
    }
}
