//! What stands before the web process: static files, the upload limit, the forwarded headers, and 502 when it is away.
//!
//! It plays the balancer and the instance's nginx in one. With nginx installed the project's own files are used instead
//! (see `nginx`); this one knows those settings that most projects touch.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http_body_util::{BodyExt, Limited};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tower_http::services::ServeDir;

use super::error::Error;

/// nginx's own limit for a request body where a project sets none.
pub(crate) const UPLOAD_LIMIT: u64 = 1_048_576;
/// nginx waits this long for the application's next word where a project sets nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where requests go at the moment.
#[derive(Debug, Clone)]
pub(crate) struct Routes {
    /// The port of the web process on loopback. `None` while the proxy is stopped.
    pub(crate) upstream: Option<u16>,
    /// `/static` to a folder. The longest path that fits wins, as in nginx.
    pub(crate) files: Vec<(String, PathBuf)>,
    pub(crate) upload_limit: u64,
    pub(crate) patience: Duration,
    /// The project's balancer ends TLS: what comes in counts as HTTPS.
    pub(crate) tls: bool,
}

impl Routes {
    /// Nothing is served: before the first deployment, and while one replaces the application.
    pub(crate) fn closed() -> Self {
        Self { upstream: None, files: Vec::new(), upload_limit: UPLOAD_LIMIT, patience: PATIENCE, tls: false }
    }

    /// Take over what the project's nginx files say of limits: the last word on each counts.
    pub(crate) fn obey(&mut self, nginx: &str) {
        for line in nginx.lines().map(|line| line.split('#').next().unwrap_or_default()) {
            for directive in line.split([';', '{', '}']) {
                let mut words = directive.split_whitespace();
                match (words.next(), words.next()) {
                    (Some("client_max_body_size"), Some(size)) => {
                        // nginx reads 0 as no limit.
                        let limit = nginx_size(size).map(|size| if size == 0 { u64::MAX } else { size });
                        self.upload_limit = limit.unwrap_or(self.upload_limit);
                    }
                    (Some("proxy_read_timeout"), Some(time)) => {
                        self.patience = nginx_time(time).unwrap_or(self.patience);
                    }
                    _ => {}
                }
            }
        }
    }

    /// The mapping for `path`, and what of the path is left below it.
    fn file<'a>(&self, path: &'a str) -> Option<(&PathBuf, &'a str)> {
        let fits = |prefix: &str| {
            let rest = path.strip_prefix(prefix.trim_end_matches('/'))?;
            rest.starts_with('/').then_some(rest)
        };
        let fitting = self.files.iter().filter_map(|(prefix, dir)| Some((prefix.len(), dir, fits(prefix)?)));
        fitting.max_by_key(|(length, _, _)| *length).map(|(_, dir, rest)| (dir, rest))
    }
}

/// `20m`, as nginx writes sizes.
fn nginx_size(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// `90s` or `2m`, as nginx writes times.
fn nginx_time(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "" | "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        "h" => Some(Duration::from_secs(number.checked_mul(3600)?)),
        _ => None,
    }
}

type Shared = Arc<RwLock<Routes>>;

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
        let service = Router::new()
            .fallback(handle)
            .with_state(Arc::clone(&routes))
            .into_make_service_with_connect_info::<SocketAddr>();
        runtime.spawn(async move {
            let serve = axum::serve(listener, service);
            tokio::select! {
                _ = serve.into_future() => {}
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

async fn handle(
    State(routes): State<Shared>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Infallible> {
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

async fn file(dir: &PathBuf, rest: &str, mut request: Request) -> Response {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let Ok(uri) = format!("{rest}{query}").parse::<Uri>() else {
        return plain(StatusCode::BAD_REQUEST, "the path is malformed");
    };
    *request.uri_mut() = uri;
    let mut files = ServeDir::new(dir).append_index_html_on_directories(false);
    match files.try_call(request).await {
        Ok(response) => response.map(Body::new),
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
    fn response(self, upstream: u16) -> Response {
        match self {
            Self::TooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than `client_max_body_size`"),
            Self::TooSlow => plain(StatusCode::GATEWAY_TIMEOUT, "the web process took too long"),
            Self::Away(why) => {
                plain(StatusCode::BAD_GATEWAY, &format!("the web process did not answer on port {upstream}: {why}"))
            }
        }
    }
}

fn plain(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{status}\n{text}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

async fn forward(
    mut request: Request,
    client: SocketAddr,
    upstream: u16,
    routes: &Routes,
) -> Result<Response, Refusal> {
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > routes.upload_limit) {
        return Err(Refusal::TooLarge);
    }
    let wants_upgrade = upgrade(request.headers());
    let client_side = wants_upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
    let balancer = Balancer::of(request.headers(), routes.tls);
    balancer.forward(request.headers_mut(), client);
    keep_hop(request.headers_mut(), wants_upgrade.as_ref());
    let (mut parts, body) = request.into_parts();
    // The request line that an origin server expects has no host in it.
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse().map_err(|_| Refusal::Away("the path is malformed".to_owned()))?;
    let limit = usize::try_from(routes.upload_limit).unwrap_or(usize::MAX);
    let request = hyper::Request::from_parts(parts, Limited::new(body, limit));

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
        balancer.back(response.headers_mut());
    }
    Ok(response.map(|body| Body::new(body.map_err(axum::Error::new))))
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

/// What the load balancer adds to a request, and what nginx on the instance adds to that.
///
/// The balancer is the edge: what a client says of itself here counts for nothing except as a hop in `X-Forwarded-For`.
/// `Host` stays as the client sent it. nginx on an instance drops the port from it, which changes nothing at port 80 and
/// would break every redirect on a laptop.
struct Balancer {
    host: String,
    tls: bool,
    /// A health check goes to the instance itself.
    passed: bool,
}

impl Balancer {
    fn of(headers: &HeaderMap, tls: bool) -> Self {
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let passed = host != super::health::INSTANCE_IP;
        Self { host, tls: tls && passed, passed }
    }

    fn forward(&self, headers: &mut HeaderMap, client: SocketAddr) {
        let ip = client.ip().to_string();
        let chain = match headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()) {
            Some(before) => format!("{before}, {ip}"),
            None => ip.clone(),
        };
        set(headers, "x-forwarded-for", &chain);
        set(headers, "x-real-ip", &ip);
        headers.remove("x-forwarded-proto");
        headers.remove("x-forwarded-port");
        if self.passed {
            let port = self.host.rsplit_once(':').map_or("80", |(_, port)| port);
            set(headers, "x-forwarded-proto", if self.tls { "https" } else { "http" });
            set(headers, "x-forwarded-port", if self.tls { "443" } else { port });
        }
        // The browser came over plain HTTP and says so.
        for name in ["origin", "referer"] {
            self.swap(headers, name, "http", "https");
        }
    }

    /// A redirect to the site's https address leads to nothing here; this address stands for it.
    fn back(&self, headers: &mut HeaderMap) {
        self.swap(headers, "location", "https", "http");
        if self.tls {
            headers.remove(header::STRICT_TRANSPORT_SECURITY);
        }
    }

    fn swap(&self, headers: &mut HeaderMap, name: &'static str, from: &str, to: &str) {
        let site = format!("{from}://{}", self.host);
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        let rest = value.and_then(|value| value.strip_prefix(&site)).filter(|_| self.tls);
        if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')).map(str::to_owned) {
            set(headers, name, &format!("{to}://{}{rest}", self.host));
        }
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mapping_wins() {
        let routes = Routes {
            files: vec![("/static".to_owned(), "a".into()), ("/static/admin/".to_owned(), "b".into())],
            ..Routes::closed()
        };
        let case =
            |path: &str| routes.file(path).map(|(dir, rest)| (dir.to_str().unwrap().to_owned(), rest.to_owned()));
        assert_eq!(case("/static/x.css"), Some(("a".into(), "/x.css".into())));
        assert_eq!(case("/static/admin/x.css"), Some(("b".into(), "/x.css".into())));
        assert_eq!(case("/statics"), None);
        assert_eq!(case("/static"), None);
        assert_eq!(case("/"), None);
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_edge_speaks_for_the_client() {
        let mut headers =
            headers(&[("x-forwarded-for", "10.0.0.1"), ("x-forwarded-proto", "https"), ("host", "localhost:8080")]);
        Balancer::of(&headers, false).forward(&mut headers, SocketAddr::from(([127, 0, 0, 1], 9)));
        assert_eq!(headers["x-forwarded-for"], "10.0.0.1, 127.0.0.1");
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert_eq!(headers["x-forwarded-port"], "8080");
        assert_eq!(headers["x-real-ip"], "127.0.0.1");
    }

    #[test]
    fn a_balancer_that_ends_tls_says_so_both_ways() {
        let mut request =
            headers(&[("host", "localhost:8080"), ("origin", "http://localhost:8080"), ("referer", "http://other/")]);
        let balancer = Balancer::of(&request, true);
        balancer.forward(&mut request, SocketAddr::from(([127, 0, 0, 1], 9)));
        assert_eq!(request["x-forwarded-proto"], "https");
        assert_eq!(request["origin"], "https://localhost:8080");
        assert_eq!(request["referer"], "http://other/");
        let mut answer =
            headers(&[("location", "https://localhost:8080/next"), ("strict-transport-security", "max-age=1")]);
        balancer.back(&mut answer);
        assert_eq!(answer["location"], "http://localhost:8080/next");
        assert!(!answer.contains_key("strict-transport-security"));
    }

    #[test]
    fn a_health_check_passes_no_balancer() {
        let mut request = headers(&[("host", super::super::health::INSTANCE_IP)]);
        Balancer::of(&request, true).forward(&mut request, SocketAddr::from(([127, 0, 0, 1], 9)));
        assert!(!request.contains_key("x-forwarded-proto"));
    }

    #[test]
    fn the_limits_of_nginx_files_are_obeyed() {
        let mut routes = Routes::closed();
        routes.obey("# client_max_body_size 1k;\nclient_max_body_size 20M;\nlocation / { proxy_read_timeout 2m; }\n");
        assert_eq!(routes.upload_limit, 20 << 20);
        assert_eq!(routes.patience, Duration::from_secs(120));
        routes.obey("client_max_body_size 0;");
        assert_eq!(routes.upload_limit, u64::MAX);
    }

    #[test]
    fn an_upgrade_must_be_asked_for() {
        let mut headers = HeaderMap::new();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        assert_eq!(upgrade(&headers), None);
        headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        assert_eq!(upgrade(&headers).unwrap(), "websocket");
    }
}
