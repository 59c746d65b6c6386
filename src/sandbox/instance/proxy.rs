//! Proxy before the web process: static files, the upload limit, the forwarded headers, and 502 when it is away.
//!
//! It plays the balancer and the instance's nginx in one. With nginx installed the project's own files are used instead
//! (see `nginx`); this one knows those settings that most projects touch.

mod forwarded;
mod routes;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tower_http::services::ServeDir;

use self::forwarded::Forwarded;
pub(crate) use self::routes::Routes;
use super::error::Error;

type Shared = Arc<RwLock<Routes>>;
type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// A proxy on a loopback port. It stops when dropped.
pub(crate) struct Proxy {
    port: u16,
    routes: Shared,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Proxy {
    /// Listen on `port` of 127.0.0.1; 0 takes any free one.
    pub(crate) fn start(port: u16) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("proxy")
            .enable_all()
            .build()
            .map_err(Error::Thread)?;
        let port_error = |source| Error::Port { port, source };
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port))).map_err(port_error)?;
        let bound = listener.local_addr().map_err(port_error)?.port();
        let routes: Shared = Arc::new(RwLock::new(Routes::closed()));
        let (stop, stopped) = oneshot::channel::<()>();
        let shared = Arc::clone(&routes);
        runtime.spawn(async move {
            tokio::select! {
                () = accept(listener, shared) => {}
                _ = stopped => {}
            }
        });
        Ok(Self { port: bound, routes, stop: Some(stop), runtime: Some(runtime) })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Requests that arrive from now on go by `routes`.
    pub(crate) fn route(&self, routes: Routes) {
        *self.routes.write().unwrap_or_else(PoisonError::into_inner) = routes;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, routes: Shared) {
    loop {
        let Ok((stream, client)) = listener.accept().await else {
            // Out of file descriptors, for instance: wait for connections to end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let routes = Arc::clone(&routes);
        tokio::spawn(async move {
            let service = service_fn(|request| handle(Arc::clone(&routes), client, request));
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            // A client that went away is not our error.
            let _ = connection.await;
        });
    }
}

async fn handle(routes: Shared, client: SocketAddr, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let routes = routes.read().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(upstream) = routes.upstream else {
        return Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "the proxy is stopped: a deployment is going on"));
    };
    let path = request.uri().path().to_owned();
    if let Some((dir, rest)) = routes.file(&path) {
        return Ok(file(dir, rest, request).await);
    }
    Ok(match forward(request, client, upstream, &routes).await {
        Ok(response) => response,
        Err(refusal) => refusal.response(upstream),
    })
}

async fn file(dir: &PathBuf, rest: &str, mut request: Request<Incoming>) -> Response<Body> {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let Ok(uri) = format!("{rest}{query}").parse::<Uri>() else {
        return plain(StatusCode::BAD_REQUEST, "the path is malformed");
    };
    *request.uri_mut() = uri;
    let mut files = ServeDir::new(dir).append_index_html_on_directories(false);
    match files.try_call(request).await {
        Ok(response) => response.map(|body| body.map_err(Into::into).boxed_unsync()),
        Err(error) => match error.kind() {
            std::io::ErrorKind::PermissionDenied => plain(StatusCode::FORBIDDEN, "the file cannot be read"),
            _ => plain(StatusCode::NOT_FOUND, "there is no such file"),
        },
    }
}

enum Refusal {
    TooLarge,
    TooSlow,
    Away(String),
}

impl Refusal {
    fn response(self, upstream: u16) -> Response<Body> {
        match self {
            Self::TooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than `client_max_body_size`"),
            Self::TooSlow => plain(StatusCode::GATEWAY_TIMEOUT, "the web process took too long"),
            Self::Away(why) => {
                plain(StatusCode::BAD_GATEWAY, &format!("the web process did not answer on port {upstream}: {why}"))
            }
        }
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Body> {
    let text = Full::new(Bytes::from(format!("{status}\n{text}\n")));
    let mut response = Response::new(text.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

async fn forward(
    mut request: Request<Incoming>,
    client: SocketAddr,
    upstream: u16,
    routes: &Routes,
) -> Result<Response<Body>, Refusal> {
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > routes.upload_limit) {
        return Err(Refusal::TooLarge);
    }
    let wants_upgrade = upgrade(request.headers());
    let client_side = wants_upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
    let forwarded = Forwarded::of(request.headers(), routes.tls);
    forwarded.forward(request.headers_mut(), client);
    keep_hop(request.headers_mut(), wants_upgrade.as_ref());
    let (mut parts, body) = request.into_parts();
    // The request line that an origin server expects has no host in it.
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse().map_err(|_| Refusal::Away("the path is malformed".to_owned()))?;
    let limit = usize::try_from(routes.upload_limit).unwrap_or(usize::MAX);
    let request = Request::from_parts(parts, Limited::new(body, limit));

    let connect = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream));
    let stream = tokio::time::timeout(routes.patience, connect).await.map_err(|_| Refusal::TooSlow)?;
    let stream = stream.map_err(|error| Refusal::Away(error.to_string()))?;
    let away = |error: hyper::Error| {
        let mut source: Option<&dyn std::error::Error> = Some(&error);
        while let Some(cause) = source {
            if cause.is::<http_body_util::LengthLimitError>() {
                return Refusal::TooLarge;
            }
            source = cause.source();
        }
        Refusal::Away(error.to_string())
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(away)?;
    tokio::spawn(connection.with_upgrades());
    let answer = tokio::time::timeout(routes.patience, sender.send_request(request)).await;
    let mut response = answer.map_err(|_| Refusal::TooSlow)?.map_err(away)?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(client_side) = client_side
    {
        let server_side = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            if let (Ok(client), Ok(server)) = (client_side.await, server_side.await) {
                let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(server)).await;
            }
        });
    } else {
        keep_hop(response.headers_mut(), None);
        forwarded.back(response.headers_mut());
    }
    Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
}

/// The protocol that the client wants to switch to, such as `websocket`.
fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let asks = headers.get(header::CONNECTION)?.to_str().ok()?;
    let asks = asks.split(',').any(|word| word.trim().eq_ignore_ascii_case("upgrade"));
    headers.get(header::UPGRADE).filter(|_| asks).cloned()
}

/// Headers are for one hop or for the whole way; the former end here.
fn keep_hop(headers: &mut HeaderMap, upgrade: Option<&HeaderValue>) {
    const HOP: [&str; 6] = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"];
    for name in HOP {
        headers.remove(name);
    }
    if let Some(protocol) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upgrade_must_be_asked_for() {
        let mut headers = HeaderMap::new();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        assert_eq!(upgrade(&headers), None);
        headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        assert_eq!(upgrade(&headers).unwrap(), "websocket");
    }
}
