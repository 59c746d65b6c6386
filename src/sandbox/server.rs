//! The listener: loopback only, one connection a task, every request to the service it was signed for.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::Body;
use s3s::service::S3Service;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::beanstalk::{self, Call, Question};
use super::call::{Scope, Service, s3_operation};
use super::calls::{Calls, Entry};
use super::reply::{Envelope, Refusal};
use super::s3::buckets::Buckets;
use super::store::Store;
use super::{ACCESS_KEY_ID, ACCOUNT, Error, REGION, Settings, Speed, input, s3};
use crate::world::World;

/// A Query request is small; the API's own limit is of this order.
const LARGEST_QUERY: usize = 1024 * 1024;
const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// A running sandbox. It ends when dropped; its state stays.
pub struct Server {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    /// Open the state and listen on loopback.
    pub fn start(settings: Settings) -> Result<Self, Error> {
        let Settings { world, state, port, speed } = settings;
        let store = Store::open(&state)?;
        let buckets = Buckets::open(&state)?;
        let calls = Calls::open(&state)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sandbox")
            .enable_all()
            .build()
            .map_err(|source| Error::Threads { source })?;
        let listen = async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = runtime.block_on(listen).map_err(|source: std::io::Error| match source.kind() {
            std::io::ErrorKind::AddrInUse => Error::PortTaken { port },
            _ => Error::Listen { port, source },
        })?;
        let s3 = s3::service(buckets.clone(), world.clone());
        let sandbox = Arc::new(Sandbox { world, store, buckets, calls, s3, speed });
        runtime.spawn(accept(listener, sandbox));
        Ok(Self { address, runtime: Some(runtime) })
    }

    /// What `AWS_ENDPOINT_URL` must be.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }
}

async fn accept(listener: TcpListener, sandbox: Arc<Sandbox>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, for instance: wait for connections to end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let sandbox = Arc::clone(&sandbox);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let sandbox = Arc::clone(&sandbox);
                async move { Ok::<_, Infallible>(sandbox.answer(request).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // A client that went away is not our error.
            let _ = connection.await;
        });
    }
}

struct Sandbox {
    world: World,
    store: Store,
    buckets: Buckets,
    calls: Calls,
    s3: S3Service,
    speed: Speed,
}

impl Sandbox {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        if let Err(reason) = from_here(&request) {
            return plain(StatusCode::FORBIDDEN, reason);
        }
        let (head, body) = request.into_parts();
        let scope = Scope::of(&head.headers, &head.uri);
        let form = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let form = form.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let service = match &scope {
            Some(scope) => match scope.service() {
                Some(service) => service,
                None => {
                    let text = "the sandbox has S3, Elastic Beanstalk and STS, nothing else\n";
                    return plain(StatusCode::NOT_IMPLEMENTED, text);
                }
            },
            None if form && head.method == Method::POST && head.uri.path() == "/" => Service::Beanstalk,
            None => Service::S3,
        };
        let region = scope.as_ref().map_or(REGION, |scope| &scope.region).to_owned();
        let id = request_id();
        let (operation, response) = match service {
            Service::S3 => {
                let operation = s3_operation(&head.method, &head.uri, &head.headers).to_owned();
                (operation, self.object(Request::from_parts(head, body.into())).await)
            }
            Service::Beanstalk | Service::Sts => match fields(&head.method, body).await {
                Ok(fields) => {
                    let action = fields.iter().find(|(name, _)| name == "Action");
                    let operation = action.map(|(_, value)| value.clone()).unwrap_or_default();
                    (operation, self.query(service, scope, &fields, &id))
                }
                Err(refusal) => (String::new(), envelope(service, &id).refusal(&refusal)),
            },
        };
        self.calls.add(&Entry {
            time: self.world.now(),
            service: service.name().to_owned(),
            operation,
            region,
            status: response.status().as_u16(),
            code: response.extensions().get::<Refusal>().map(|refusal| refusal.code.to_owned()),
            request: id,
        });
        response
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
    fn query(&self, service: Service, scope: Option<Scope>, fields: &[(String, String)], id: &str) -> Response<Body> {
        let mut envelope = envelope(service, id);
        let Some(scope) = scope else {
            let refusal = Refusal::new(403, "MissingAuthenticationToken", "Missing Authentication Token");
            return envelope.refusal(&refusal);
        };
        if scope.key != ACCESS_KEY_ID {
            let message = "The security token included in the request is invalid.";
            return envelope.refusal(&Refusal::new(403, "InvalidClientTokenId", message));
        }
        if service == Service::Sts {
            return identity(fields, envelope);
        }
        let question = match Question::read(fields) {
            Ok(question) => question,
            Err(refusal) => return envelope.refusal(&refusal),
        };
        envelope.operation = &question.operation;
        envelope.result = question.result.as_deref();
        match self.beanstalk(&question, &scope.region, id) {
            Ok(result) => envelope.success(&result),
            Err(refusal) => envelope.refusal(&refusal),
        }
    }

    /// The state's lock may be held by another process, so this waits on a thread that may.
    fn beanstalk(&self, question: &Question, region: &str, request: &str) -> Result<Value, Refusal> {
        tokio::task::block_in_place(|| {
            let call = Call {
                input: question.input.clone(),
                region,
                now: self.world.now(),
                request,
                speed: self.speed,
                buckets: &self.buckets,
            };
            let answer = self.store.update(|state| beanstalk::answer(&call, question, state));
            answer.unwrap_or_else(|error| Err(Refusal::internal(&error)))
        })
    }
}

fn envelope(service: Service, id: &str) -> Envelope<'_> {
    let namespace = if service == Service::Sts { STS } else { beanstalk::NAMESPACE };
    Envelope { namespace, operation: "Unknown", result: None, request: id }
}

/// The form that a Query request carries.
async fn fields(method: &Method, body: Incoming) -> Result<Vec<(String, String)>, Refusal> {
    if method != Method::POST {
        let message = "The sandbox takes Query requests by POST only";
        return Err(Refusal::new(405, "MethodNotAllowed", message));
    }
    match Limited::new(body, LARGEST_QUERY).collect().await {
        Ok(body) => Ok(input::form(&body.to_bytes())),
        Err(_) => {
            let message = "The request did not arrive whole, or is too large";
            Err(Refusal::new(413, "RequestEntityTooLarge", message))
        }
    }
}

/// STS knows one operation, the one that tells people who they are.
fn identity<'a>(fields: &'a [(String, String)], mut envelope: Envelope<'a>) -> Response<Body> {
    let action = fields.iter().find(|(name, _)| name == "Action").map_or("", |(_, value)| value);
    if action != "GetCallerIdentity" {
        let message = format!("Could not find operation {action} in the sandbox");
        return envelope.refusal(&Refusal::new(400, "InvalidAction", message));
    }
    envelope.operation = action;
    envelope.result = Some("GetCallerIdentityResult");
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/beansprout-sandbox");
    envelope.success(&json!({"Arn": arn, "UserId": ACCESS_KEY_ID, "Account": ACCOUNT}))
}

/// Did a program of this machine ask, and not a web page that it shows?
///
/// A page may resolve its own name to 127.0.0.1, so the name must be loopback's; and a page of another site says where
/// it comes from.
fn from_here(request: &Request<Incoming>) -> Result<(), &'static str> {
    let header = |name| request.headers().get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let host =
        header(HOST).or_else(|| request.uri().authority().map(|authority| authority.as_str())).unwrap_or_default();
    if !is_loopback(host) {
        return Err("the sandbox answers requests to 127.0.0.1 and localhost only\n");
    }
    let origin = header(ORIGIN);
    if origin.is_some_and(|origin| origin.strip_prefix("http://") != Some(host)) {
        return Err("the sandbox answers no requests of other sites\n");
    }
    Ok(())
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, _)) => name,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    ["127.0.0.1", "localhost", "::1"].contains(&name)
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let response = Response::builder().status(status).header(CONTENT_TYPE, "text/plain; charset=utf-8");
    response.body(Body::from(text.to_owned())).expect("the header above is valid")
}

/// A random UUID.
fn request_id() -> String {
    let hex = format!("{:032x}", fastrand::u128(..));
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

/// The environment variables with which an AWS client finds this server.
pub fn variables(endpoint: &str) -> [(&'static str, String); 5] {
    [
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", super::SECRET_ACCESS_KEY.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_ours() {
        #[track_caller]
        fn case(host: &str, ours: bool) {
            assert_eq!(is_loopback(host), ours, "{host}");
        }
        case("127.0.0.1:9324", true);
        case("localhost", true);
        case("[::1]:80", true);
        case("example.com", false);
        case("127.0.0.1.example.com:80", false);
        case("localhost.example.com", false);
        case("", false);
    }
}
