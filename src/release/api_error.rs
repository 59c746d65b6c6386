//! A call that did not do what it should: how it failed by its code and status, what that says about the world, and what to do next.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

use super::call::Call;
use crate::fault::{Exit, Fault, Repeat};

/// Other end of the wire, for messages: its address, and how long it may take to answer.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// An URL, or `AWS in eu-west-1`.
    pub(crate) address: String,
    pub(crate) timeout: Duration,
    /// The region, if it is one that an account has to turn on first.
    pub(crate) to_enable: Option<String>,
}

/// Code with which the embedded AWS says that it has not what AWS may have.
pub(crate) const SANDBOX: &str = "SandboxUnsupported";

/// Kind of a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// IAM says no.
    Denied,
    /// The credentials are not valid any more.
    Expired,
    /// AWS does not know the credentials, or their signature.
    Unknown,
    /// Too many requests, and still after the SDK's own attempts.
    Throttled,
    /// Something by that name does not exist.
    Missing,
    /// What arrived at AWS is not what its checksum says.
    Damaged,
    /// A conditional write found that its condition does not hold.
    Taken,
    /// The bucket is in another region.
    Elsewhere,
    /// AWS refuses for another reason, and says why.
    Refused,
    /// AWS failed: a status of 500 and above.
    Broken,
    /// An answer came and makes no sense, for example because it was cut off.
    Garbled,
    /// No connection, or one that broke.
    Unreachable,
    /// No answer in time.
    Silent,
}

/// A call that did not do what it should.
#[derive(Debug, thiserror::Error)]
pub struct ApiError(Box<Details>);

/// Boxed, so that the good case does not carry room for the bad one.
#[derive(Debug)]
struct Details {
    call: Call,
    kind: ErrorKind,
    code: Option<String>,
    message: Option<String>,
    status: Option<u16>,
    request: Option<String>,
    /// The region that the answer names.
    region: Option<String>,
    endpoint: Endpoint,
}

impl Details {
    /// An answer that makes no sense, until more is known.
    fn new(call: Call, endpoint: &Endpoint) -> Self {
        Self {
            call,
            kind: ErrorKind::Garbled,
            code: None,
            message: None,
            status: None,
            request: None,
            region: None,
            endpoint: endpoint.clone(),
        }
    }
}

impl ApiError {
    pub(crate) fn new<E>(call: Call, error: SdkError<E>, endpoint: &Endpoint) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let code = error.code().map(str::to_owned);
        let status = error.raw_response().map(|response| response.status().as_u16());
        let kind = match &error {
            SdkError::TimeoutError(_) => ErrorKind::Silent,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => ErrorKind::Silent,
            SdkError::DispatchFailure(_) => ErrorKind::Unreachable,
            SdkError::ServiceError(_) | SdkError::ResponseError(_) if status == Some(301) => ErrorKind::Elsewhere,
            SdkError::ResponseError(_) => ErrorKind::Garbled,
            SdkError::ServiceError(_) => ErrorKind::of(code.as_deref(), status),
            // The request was never made.
            _ => ErrorKind::Refused,
        };
        let message = match &error {
            SdkError::ServiceError(_) => error.message().map(str::to_owned),
            _ => std::iter::successors(std::error::Error::source(&error), |error| error.source())
                .last()
                .map(ToString::to_string),
        };
        let request = error.request_id().map(str::to_owned);
        let region = error.raw_response().and_then(|response| response.headers().get("x-amz-bucket-region"));
        let region = region.map(str::to_owned);
        Self(Box::new(Details { kind, code, message, status, request, region, ..Details::new(call, endpoint) }))
    }

    /// An answer that lacks what it is for.
    pub(crate) fn empty(call: Call, endpoint: &Endpoint) -> Self {
        Self(Box::new(Details::new(call, endpoint)))
    }

    /// What a call is about was ended by somebody else.
    pub(crate) fn gone(call: Call, endpoint: &Endpoint) -> Self {
        Self(Box::new(Details { kind: ErrorKind::Taken, ..Details::new(call, endpoint) }))
    }

    /// An answer that ended before it was complete.
    pub(crate) fn cut_off(call: Call, cause: &dyn std::error::Error, endpoint: &Endpoint) -> Self {
        Self(Box::new(Details { message: Some(cause.to_string()), ..Details::new(call, endpoint) }))
    }

    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    pub fn call(&self) -> &Call {
        &self.0.call
    }

    pub(crate) fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What AWS says about it. For people: nothing is decided by its words.
    pub(crate) fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    pub(crate) fn request(&self) -> Option<&str> {
        self.0.request.as_deref()
    }

    /// Was it refused with a status and nothing else?
    pub(crate) fn has_status_alone(&self) -> bool {
        self.0.kind == ErrorKind::Garbled && self.code().is_none() && self.0.status.is_some_and(|status| status >= 400)
    }

    /// Did AWS say that it has not done it? Otherwise nobody knows.
    pub(crate) fn was_answered(&self) -> bool {
        match self.0.kind {
            ErrorKind::Denied
            | ErrorKind::Expired
            | ErrorKind::Unknown
            | ErrorKind::Throttled
            | ErrorKind::Missing
            | ErrorKind::Damaged
            | ErrorKind::Taken
            | ErrorKind::Elsewhere
            | ErrorKind::Refused => true,
            ErrorKind::Broken | ErrorKind::Garbled | ErrorKind::Unreachable | ErrorKind::Silent => false,
        }
    }

    /// May the call have been carried out, by this attempt or by an earlier one whose answer was lost? Then a second one is
    /// refused for what the first did.
    pub(crate) fn may_be_done(&self) -> bool {
        !self.was_answered() || self.0.kind == ErrorKind::Refused
    }

    /// May the same call succeed in a moment?
    pub(crate) fn may_pass(&self) -> bool {
        !self.was_answered() || self.0.kind == ErrorKind::Throttled
    }

    /// Is it refused for what there is already, or for what is going on?
    fn is_about_room(&self) -> bool {
        self.code()
            .is_some_and(|code| ["TooMany", "Limit", "Quota", "InProgress"].iter().any(|word| code.contains(word)))
    }

    pub(crate) fn is_about_credentials(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Expired | ErrorKind::Unknown)
    }

    /// Did AWS refuse this very call, to somebody whom it knows? Then what it would have told is not known, and the rest may go on.
    pub(crate) fn is_a_refusal(&self) -> bool {
        self.was_answered() && !self.is_about_credentials()
    }
}

/// What was refused is not known (`None`); what did not arrive at all is an error.
pub(crate) fn known<T>(answer: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_a_refusal() => Ok(None),
        Err(error) => Err(error),
    }
}

impl ErrorKind {
    /// Meaning of an error answer, by its code and status. Never by its English.
    pub(crate) fn of(code: Option<&str>, status: Option<u16>) -> Self {
        match (code.unwrap_or_default(), status.unwrap_or_default()) {
            ("ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "RequestExpired", _) => {
                ErrorKind::Expired
            }
            (
                "InvalidAccessKeyId" | "InvalidClientTokenId" | "SignatureDoesNotMatch" | "UnrecognizedClientException",
                _,
            ) => ErrorKind::Unknown,
            ("InvalidToken" | "IncompleteSignature" | "MissingAuthenticationToken", _) => ErrorKind::Unknown,
            (code, _) if code.starts_with("Throttling") => ErrorKind::Throttled,
            ("RequestLimitExceeded" | "TooManyRequestsException" | "SlowDown" | "PriorRequestNotComplete", _)
            | (_, 429) => ErrorKind::Throttled,
            ("BadDigest" | "InvalidDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch", _) => {
                ErrorKind::Damaged
            }
            ("PermanentRedirect" | "AuthorizationHeaderMalformed", _) => ErrorKind::Elsewhere,
            ("PreconditionFailed" | "ConditionalRequestConflict", _) | (_, 412) => ErrorKind::Taken,
            ("NotFound" | "NoSuchKey" | "NoSuchBucket" | "NoSuchUpload", _) | (_, 404) => ErrorKind::Missing,
            (_, 401 | 403) => ErrorKind::Denied,
            (code, _) if code.starts_with("AccessDenied") || code.starts_with("InsufficientPrivileges") => {
                ErrorKind::Denied
            }
            (_, 501) => ErrorKind::Refused,
            (_, 500..) => ErrorKind::Broken,
            // A success that the SDK did not take for one, and an error that has no code.
            (_, 0..=399) | ("", _) => ErrorKind::Garbled,
            _ => ErrorKind::Refused,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call { service, operation, .. } = &self.0.call;
        match self.0.kind {
            ErrorKind::Denied => write!(f, "these credentials may not call `{service}:{operation}`")?,
            ErrorKind::Expired => write!(f, "the AWS credentials have expired")?,
            ErrorKind::Unknown => write!(f, "AWS does not accept the credentials")?,
            ErrorKind::Throttled => write!(f, "AWS limits the rate of `{operation}`")?,
            ErrorKind::Missing => write!(f, "`{operation}` found nothing")?,
            ErrorKind::Damaged => write!(f, "what `{operation}` sent did not arrive as it was")?,
            ErrorKind::Taken => write!(f, "`{operation}` found something that is there already")?,
            ErrorKind::Refused if self.code() == Some(SANDBOX) => write!(f, "the sandbox has no such `{operation}`")?,
            ErrorKind::Elsewhere => {
                let region = self.0.region.as_deref().unwrap_or("another region");
                return write!(f, "the bucket of `{}` is in {region}", self.0.call);
            }
            ErrorKind::Refused => write!(f, "`{operation}` was refused")?,
            ErrorKind::Broken => write!(f, "`{operation}` failed at AWS with status {}", self.0.status.unwrap_or(500))?,
            ErrorKind::Garbled => write!(f, "the answer to `{operation}` cannot be understood")?,
            ErrorKind::Unreachable => write!(f, "failed to reach {} for `{operation}`", self.0.endpoint.address)?,
            ErrorKind::Silent => {
                write!(f, "`{operation}` got no answer in {} s", self.0.endpoint.timeout.as_secs_f32())?
            }
        }
        if let Some(message) = &self.0.message {
            write!(f, ": {}", message.trim_end_matches('.'))?;
        }
        Ok(())
    }
}

impl Fault for ApiError {
    fn exit(&self) -> Exit {
        match self.0.kind {
            // The same again is the same again.
            ErrorKind::Missing | ErrorKind::Refused if !self.is_about_room() => Exit::Invalid,
            ErrorKind::Elsewhere => Exit::Invalid,
            _ => Exit::Aws,
        }
    }

    fn repeat(&self) -> Option<Repeat> {
        match self.0.kind {
            ErrorKind::Denied | ErrorKind::Expired | ErrorKind::Unknown => Some(Repeat::AfterChange),
            ErrorKind::Throttled => Some(Repeat::Later),
            ErrorKind::Elsewhere => None,
            ErrorKind::Damaged
            | ErrorKind::Taken
            | ErrorKind::Broken
            | ErrorKind::Garbled
            | ErrorKind::Unreachable
            | ErrorKind::Silent => Some(Repeat::Now),
            ErrorKind::Missing | ErrorKind::Refused => self
                .code()
                .filter(|_| self.is_about_room())
                .map(|code| if code.contains("InProgress") { Repeat::Later } else { Repeat::AfterChange }),
        }
    }

    fn hint(&self) -> Option<String> {
        let again = match (self.was_answered(), self.0.call.changes) {
            (false, true) => "it is not known whether AWS did it; run the same command again: it asks first",
            _ => "nothing is lost; run the same command again",
        };
        // STS does not know the keys of an account in a region that is off, and other services say less.
        let at_the_door = matches!(self.0.kind, ErrorKind::Unknown | ErrorKind::Garbled) && self.0.status >= Some(400);
        if let Some(region) = self.0.endpoint.to_enable.as_ref().filter(|_| at_the_door) {
            return Some(format!(
                "`{region}` has to be turned on before it is used: `aws account enable-region --region-name {region}`; if it \
                 is on, `aws sts get-caller-identity` shows whose the credentials are"
            ));
        }
        Some(match self.0.kind {
            _ if self.code() == Some(SANDBOX) => {
                "this is a limit of the sandbox, and no answer of AWS: its page in the reference lists what is simpler \
                 there; AWS may do it"
                    .to_owned()
            }
            ErrorKind::Denied if self.0.call.actions.is_empty() => "ask whoever gave you the credentials".to_owned(),
            ErrorKind::Denied => format!(
                "IAM has to allow `{}`; `beansprout policy --help` prints what each role needs",
                self.0.call.actions.join("`, `")
            ),
            ErrorKind::Expired => {
                "`aws sso login` renews those of IAM Identity Center; other temporary ones have to be fetched again"
                    .to_owned()
            }
            ErrorKind::Unknown => {
                "`aws sts get-caller-identity` shows whose they are; look at `AWS_ACCESS_KEY_ID` and the profile"
                    .to_owned()
            }
            ErrorKind::Throttled => {
                "other tools share the same limit; wait a minute and run the same command again".to_owned()
            }
            ErrorKind::Broken | ErrorKind::Garbled | ErrorKind::Unreachable | ErrorKind::Silent => again.to_owned(),
            ErrorKind::Damaged => "AWS stored nothing of it; run the same command again".to_owned(),
            ErrorKind::Refused if self.code().is_some_and(|code| code.starts_with("Validation")) => {
                format!(
                    "AWS does not take an argument of `{}`; look at the flag or setting that it comes from",
                    self.0.call
                )
            }
            ErrorKind::Missing => {
                format!("look at the names in `{}`: at the flags and settings that they come from", self.0.call)
            }
            ErrorKind::Elsewhere => {
                let here = "name a bucket of this region with `--bucket` or `bucket` in `[release]`";
                match &self.0.region {
                    Some(region) => format!("{here}, or work there with `--region {region}`"),
                    None => here.to_owned(),
                }
            }
            ErrorKind::Taken => "somebody else was faster; run the same command again: it asks first".to_owned(),
            ErrorKind::Refused => "look at what it says; nothing else was changed by this call".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
