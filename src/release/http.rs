//! Requests that no crate of the SDK makes: each over a connection of its own, which has to come about as quickly as those of
//! all other calls.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::dns::ResolveDns;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::byte_stream::ByteStream;

const AGENT: &str = concat!("beansprout/", env!("CARGO_PKG_VERSION"));

/// Time for a connection of a call that may take `whole`.
pub(super) fn connect_timeout(whole: Duration) -> Duration {
    Duration::from_secs(5).min(whole)
}

/// The status of the answer, and not more than `largest` bytes of what it says, all within `whole`; or why there is none.
pub(super) async fn fetch(request: HttpRequest, whole: Duration, largest: usize) -> Result<(u16, Vec<u8>), String> {
    within(whole, async {
        let response = answer(&connector(&request, whole), request).await?;
        let status = response.status().as_u16();
        let mut body = ByteStream::new(response.into_body());
        let mut content = Vec::new();
        while let Some(chunk) = body.next().await {
            content.extend_from_slice(&chunk.map_err(|error| error.to_string())?);
            if content.len() >= largest {
                content.truncate(largest);
                break;
            }
        }
        Ok((status, content))
    })
    .await
}

/// The status of the answer, within `whole`, or why there is none.
pub(super) async fn status(request: HttpRequest, whole: Duration) -> Result<u16, String> {
    let connector = connector(&request, whole);
    within(whole, async { Ok(answer(&connector, request).await?.status().as_u16()) }).await
}

/// The same over TLS, with names found by `resolver`.
pub(super) async fn status_at<R>(resolver: R, request: HttpRequest, whole: Duration) -> Result<u16, String>
where
    R: ResolveDns + Clone + 'static,
{
    let connector = builder(whole).tls_provider(PROVIDER).build_with_resolver(resolver);
    within(whole, async { Ok(answer(&connector, request).await?.status().as_u16()) }).await
}

const PROVIDER: Provider = Provider::Rustls(CryptoMode::Ring);

fn builder(whole: Duration) -> aws_smithy_http_client::ConnectorBuilder {
    let settings = HttpConnectorSettings::builder().connect_timeout(connect_timeout(whole)).build();
    Connector::builder().pool_max_idle_per_host(0).connector_settings(settings)
}

fn connector(request: &HttpRequest, whole: Duration) -> Connector {
    let plain = !request.uri().starts_with("https://");
    let builder = builder(whole);
    if plain { builder.build_http() } else { builder.tls_provider(PROVIDER).build() }
}

async fn within<T>(whole: Duration, act: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(whole, act).await.unwrap_or_else(|_| Err(format!("no answer in {} s", whole.as_secs())))
}

/// The beginning of the answer, or the last cause of why there is none.
async fn answer(connector: &Connector, mut request: HttpRequest) -> Result<HttpResponse, String> {
    request.headers_mut().try_insert("user-agent", AGENT).map_err(|error| error.to_string())?;
    connector.call(request).await.map_err(|error| {
        let causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
        causes.last().map_or_else(|| error.to_string(), ToString::to_string)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_given_up_before_the_call() {
        assert_eq!(connect_timeout(Duration::from_secs(30)), Duration::from_secs(5));
        assert_eq!(connect_timeout(Duration::from_secs(2)), Duration::from_secs(2));
    }

    #[test]
    fn a_body_that_never_ends_is_given_up_too() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut visitor, _) = listener.accept().unwrap();
            // An answer before the request is none.
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                visitor.read_exact(&mut byte).unwrap();
                asked.push(byte[0]);
            }
            visitor.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbegun").unwrap();
            visitor
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = HttpRequest::get(format!("http://127.0.0.1:{port}/")).unwrap();
        let why = runtime.block_on(fetch(request, Duration::from_secs(1), 100)).unwrap_err();
        assert_eq!(why, "no answer in 1 s");
        drop(server.join());
    }

    #[test]
    fn the_last_cause_is_told() {
        // Nobody listens where somebody has just stopped to.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = HttpRequest::get(format!("http://127.0.0.1:{port}/")).unwrap();
        let why = runtime.block_on(status(request, Duration::from_secs(30))).unwrap_err();
        assert!(why.contains("refused"), "{why}");
    }
}
