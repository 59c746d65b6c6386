//! Routing: every request goes to the service that it was signed for, unless it comes from elsewhere or meets a fault.

mod control;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Uri};
use s3s::Body;
use s3s::service::S3Service;
use serde_json::{Value, json};

use self::control::Own;
use super::access_log::{AccessLog, Entry};
use super::beanstalk::{self, Call};
use super::faults::{self, Faults, Injection};
use super::iam;
use super::id::request_id;
use super::reply::{Envelope, Refusal};
use super::s3::buckets::Buckets;
use super::service::{Scope, Service, s3_operation};
use super::signature::Signed;
use super::store::Store;
use super::visitor::from_here;
use super::wake::Wake;
use super::{ACCESS_KEY_ID, ACCOUNT, REGION, Speed, input};
use crate::world::World;

/// A Query request is small; the API's own limit is of this order.
const LARGEST_QUERY: usize = 1024 * 1024;
const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection was reset, as a rule said")]
pub(super) struct Reset;

pub(super) struct Sandbox {
    pub(super) world: World,
    pub(super) store: Store,
    pub(super) buckets: Buckets,
    pub(super) calls: AccessLog,
    pub(super) faults: Faults,
    pub(super) s3: S3Service,
    pub(super) speed: Speed,
    pub(super) endpoint: String,
    pub(super) run: bool,
    /// The folder with the instances of environments that run.
    pub(super) instances: PathBuf,
    pub(super) wake: Wake,
}

impl Sandbox {
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Reset> {
        let (head, body) = request.into_parts();
        if let Err(reason) = from_here(&head.headers, &head.uri) {
            return Ok(plain(StatusCode::FORBIDDEN, reason));
        }
        let (head, body) = match self.own(head, body).await {
            Own::Answered(response) => return Ok(response),
            Own::NotOurs(head, body) => (head, body),
        };
        let scope = Scope::of(&head.headers, &head.uri);
        let service = match service(&head, scope.as_ref()) {
            Ok(service) => service,
            Err(name) => return Ok(foreign(name)),
        };
        let asked = Asked { service, id: request_id(), scope };
        let served = match service {
            Service::S3 => self.serve_s3(&asked, head, body).await,
            Service::Beanstalk | Service::Sts | Service::Iam => self.serve_query(&asked, &head, body).await,
        };
        self.log(&asked, &served);
        let Served { operation, fault, response } = served;
        let response = response.filter(|_| fault != Some(Injection::ResetAfter)).ok_or(Reset)?;
        Ok(match fault {
            Some(fault) => faults::after(response, fault, &operation).await,
            None => response,
        })
    }

    async fn serve_s3(&self, asked: &Asked, mut head: Parts, body: Incoming) -> Served {
        let operation = s3_operation(&head.method, &head.uri, &head.headers).to_owned();
        let fault = self.meet(&operation, |name| path_parameter(&head.uri, name)).await;
        let named = |name| path_parameter(&head.uri, name).unwrap_or_default();
        let (bucket, key) = (named("Bucket"), named("Key"));
        let response = match fault.and_then(|fault| fault.refusal(asked.service, &operation)) {
            Some(refusal) => Some(faults::answer(&refusal, asked.service, &asked.envelope())),
            None if fault == Some(Injection::ResetBefore) => None,
            None => match self.elsewhere(asked, &operation, &bucket) {
                Some(region) => Some(faults::elsewhere(&bucket, &region, &asked.envelope())),
                None => {
                    // Some faults strike where the bytes are.
                    if let Some(fault) = fault {
                        head.extensions.insert(fault);
                    }
                    Some(self.object(Request::from_parts(head, body.into())).await)
                }
            },
        };
        if fault == Some(Injection::StoredCorrupt) && response.as_ref().is_some_and(|done| done.status().is_success()) {
            // A deed of the test, not of a client: what is not there cannot be spoiled.
            let _ = self.buckets.spoil(&bucket, &key);
        }
        Served { operation, fault, response }
    }

    async fn serve_query(&self, asked: &Asked, head: &Parts, body: Incoming) -> Served {
        let body = match form_of(&head.method, body).await {
            Ok(body) => body,
            Err(refusal) => {
                let response = Some(asked.envelope().refusal(&refusal));
                return Served { operation: String::new(), fault: None, response };
            }
        };
        let fields = input::form(&body);
        let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
        let operation = field("Action").unwrap_or_default();
        let fault = self.meet(&operation, field).await;
        let response = match fault.and_then(|fault| fault.refusal(asked.service, &operation)) {
            Some(refusal) => Some(asked.envelope().refusal(&refusal)),
            None if fault == Some(Injection::ResetBefore) => None,
            None => {
                let signed = Signed { method: &head.method, uri: &head.uri, headers: &head.headers, body: &body };
                Some(self.query(asked, &signed, (&operation, &fields), fault))
            }
        };
        Served { operation, fault, response }
    }

    /// The region that a bucket is in, if a request was signed for another one.
    fn elsewhere(&self, asked: &Asked, operation: &str, bucket: &str) -> Option<String> {
        if ["CreateBucket", "GetBucketLocation", "ListBuckets"].contains(&operation) {
            return None;
        }
        let found = self.buckets.bucket(bucket).ok()??;
        (found.region != asked.region()).then_some(found.region)
    }

    /// Write down a call and how it ended. A call whose answer never left has the status 0.
    fn log(&self, asked: &Asked, served: &Served) {
        let left = served.response.as_ref().filter(|_| served.fault != Some(Injection::ResetAfter));
        let refusal = left.and_then(|response| response.extensions().get::<Refusal>());
        self.calls.add(&Entry {
            time: self.world.now(),
            service: asked.service.name().to_owned(),
            operation: served.operation.clone(),
            region: asked.region().to_owned(),
            status: left.map_or(0, |response| response.status().as_u16()),
            code: refusal.map(|refusal| refusal.code.to_owned()),
            request: asked.id.clone(),
        });
    }

    /// The fault that a call meets. A stall is over when this returns.
    async fn meet(&self, operation: &str, parameter: impl Fn(&str) -> Option<String>) -> Option<Injection> {
        let rule = self.faults.meet(operation, parameter)?;
        if rule.fault == Injection::Stall {
            tokio::time::sleep(Duration::from_secs(rule.seconds.into())).await;
        }
        Some(rule.fault)
    }

    async fn object(&self, request: Request<Body>) -> Response<Body> {
        let writes = request.method() == Method::PUT || request.method() == Method::POST;
        let answer = self.s3.call(request).await;
        let mut answer = answer.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "the sandbox failed\n"));
        if writes && answer.status().is_client_error() {
            // The body may not have been read; the client must not send its next request behind it.
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }

    /// A request of the Query protocol.
    fn query(
        &self,
        asked: &Asked,
        signed: &Signed<'_>,
        (operation, fields): (&str, &[(String, String)]),
        fault: Option<Injection>,
    ) -> Response<Body> {
        let mut envelope = asked.envelope();
        let Some(scope) = &asked.scope else {
            let refusal = Refusal::new(403, "MissingAuthenticationToken", "Missing Authentication Token");
            return envelope.refusal(&refusal);
        };
        if scope.key != ACCESS_KEY_ID {
            let message = "The security token included in the request is invalid.";
            return envelope.refusal(&Refusal::new(403, "InvalidClientTokenId", message));
        }
        if let Err(refusal) = signed.verify() {
            return envelope.refusal(&refusal);
        }
        match asked.service {
            Service::Sts => return identity(operation, envelope),
            Service::Iam => return self.iam(operation, fields, envelope),
            Service::Beanstalk | Service::S3 => {}
        }
        let request = match beanstalk::Request::read(fields) {
            Ok(request) => request,
            Err(refusal) => return envelope.refusal(&refusal),
        };
        envelope.operation = &request.operation;
        envelope.result = request.result.as_deref();
        match self.beanstalk(&request, &scope.region, &asked.id, fault) {
            Ok(result) => envelope.success(&result),
            Err(refusal) => envelope.refusal(&refusal),
        }
    }

    fn iam(&self, operation: &str, fields: &[(String, String)], envelope: Envelope<'_>) -> Response<Body> {
        let now = self.world.now();
        let answer = tokio::task::block_in_place(|| self.store.look(|state| state.iam.answer(operation, fields, now)));
        let result = format!("{operation}Result");
        let envelope = Envelope { operation, result: Some(&result), ..envelope };
        match answer.unwrap_or_else(|error| Err(Refusal::internal(&error))) {
            Ok(result) => envelope.success(&result),
            Err(refusal) => envelope.refusal(&refusal),
        }
    }

    /// The state's lock may be held by another process, so this waits on a thread that may.
    fn beanstalk(
        &self,
        request: &beanstalk::Request,
        region: &str,
        id: &str,
        fault: Option<Injection>,
    ) -> Result<Value, Refusal> {
        tokio::task::block_in_place(|| {
            let call = Call {
                input: request.input.clone(),
                region,
                now: self.world.now(),
                request: id,
                speed: self.speed,
                buckets: &self.buckets,
                fault,
                endpoint: &self.endpoint,
                run: self.run,
                instances: &self.instances,
            };
            let answer = self.store.update(|state| beanstalk::answer(&call, request, state));
            // It may have written down work for an instance. One wake that waits is enough.
            let _ = self.wake.try_send(());
            answer.unwrap_or_else(|error| Err(Refusal::internal(&error)))
        })
    }
}

/// A call of AWS: for which service, by whom, and under which id.
struct Asked {
    service: Service,
    id: String,
    scope: Option<Scope>,
}

impl Asked {
    fn region(&self) -> &str {
        self.scope.as_ref().map_or(REGION, |scope| &scope.region)
    }

    fn envelope(&self) -> Envelope<'_> {
        envelope(self.service, &self.id)
    }
}

/// A call and its answer; none if a rule ended the connection before it was done.
struct Served {
    operation: String,
    fault: Option<Injection>,
    response: Option<Response<Body>>,
}

/// The service that a request was signed for; without a signature, the one that it looks like. The error is the name of
/// a service that is not here.
fn service<'a>(head: &Parts, scope: Option<&'a Scope>) -> Result<Service, &'a str> {
    let Some(scope) = scope else {
        let form = content_type(head).is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let query = form && head.method == Method::POST && head.uri.path() == "/";
        return Ok(if query { Service::Beanstalk } else { Service::S3 });
    };
    scope.service().ok_or(scope.service.as_str())
}

/// Clients such as the EB CLI go on without what they may not do, but not without what makes no sense.
fn foreign(name: &str) -> Response<Body> {
    let message = format!("The sandbox has S3, Elastic Beanstalk and STS; nobody may use {name} here.");
    envelope(Service::Beanstalk, &request_id()).refusal(&Refusal::new(403, "AccessDenied", message))
}

pub(super) fn content_type(head: &Parts) -> Option<&str> {
    head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok())
}

fn envelope(service: Service, id: &str) -> Envelope<'_> {
    let namespace = match service {
        Service::Sts => STS,
        Service::Iam => iam::NAMESPACE,
        Service::Beanstalk | Service::S3 => beanstalk::NAMESPACE,
    };
    Envelope { namespace, operation: "Unknown", result: None, request: id }
}

/// The form that a Query request carries.
async fn form_of(method: &Method, body: Incoming) -> Result<Bytes, Refusal> {
    if method != Method::POST {
        let message = "The sandbox takes Query requests by POST only";
        return Err(Refusal::new(405, "MethodNotAllowed", message));
    }
    let too_large = || Refusal::new(413, "RequestEntityTooLarge", "The request did not arrive whole, or is too large");
    small(body).await.ok_or_else(too_large)
}

/// A body, if it arrives whole and is not too large.
pub(super) async fn small(body: Incoming) -> Option<Bytes> {
    Limited::new(body, LARGEST_QUERY).collect().await.ok().map(|body| body.to_bytes())
}

/// `Bucket` or `Key` of a request to S3.
fn path_parameter(uri: &Uri, name: &str) -> Option<String> {
    let path = uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    match name {
        "Bucket" => Some(bucket.to_owned()),
        // A form's decoding also turns `+` into a space, which a path's does not.
        "Key" => input::form(key.replace('+', "%2B").as_bytes()).into_iter().next().map(|(key, _)| key),
        _ => None,
    }
}

/// STS knows one operation, the one that tells people who they are.
fn identity<'a>(operation: &'a str, mut envelope: Envelope<'a>) -> Response<Body> {
    if operation != "GetCallerIdentity" {
        let message = format!("Could not find operation {operation} in the sandbox");
        return envelope.refusal(&Refusal::new(400, "InvalidAction", message));
    }
    envelope.operation = operation;
    envelope.result = Some("GetCallerIdentityResult");
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/beansprout-sandbox");
    envelope.success(&json!({"Arn": arn, "UserId": ACCESS_KEY_ID, "Account": ACCOUNT}))
}

pub(super) fn plain(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    let response = Response::builder().status(status).header(CONTENT_TYPE, "text/plain; charset=utf-8");
    response.body(Body::from(text.into())).expect("the header above is valid")
}
