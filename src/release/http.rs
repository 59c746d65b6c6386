//! Requests that no crate of the SDK makes: each over a connection of its own, which has to come about as quickly as those of
//! all other calls.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::dns::ResolveDns;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};

pub(super) const AGENT: &str = concat!("beansprout/", env!("CARGO_PKG_VERSION"));

/// Time for a connection of a call that may take `whole`.
pub(super) fn connect_timeout(whole: Duration) -> Duration {
    Duration::from_secs(5).min(whole)
}

/// The beginning of the answer, within `whole`, or why there is none. What comes of it is read within a time of its own.
pub(super) async fn send(request: HttpRequest, whole: Duration) -> Result<HttpResponse, String> {
    let plain = !request.uri().starts_with("https://");
    let builder = builder(whole);
    let connector = if plain { builder.build_http() } else { builder.tls_provider(PROVIDER).build() };
    answer(&connector, request, whole).await
}

/// The same over TLS, with names found by `resolver`.
pub(super) async fn send_to<R>(resolver: R, request: HttpRequest, whole: Duration) -> Result<HttpResponse, String>
where
    R: ResolveDns + Clone + 'static,
{
    let connector = builder(whole).tls_provider(PROVIDER).build_with_resolver(resolver);
    answer(&connector, request, whole).await
}

const PROVIDER: Provider = Provider::Rustls(CryptoMode::Ring);

fn builder(whole: Duration) -> aws_smithy_http_client::ConnectorBuilder {
    let settings = HttpConnectorSettings::builder().connect_timeout(connect_timeout(whole)).build();
    Connector::builder().pool_max_idle_per_host(0).connector_settings(settings)
}

async fn answer(connector: &Connector, request: HttpRequest, whole: Duration) -> Result<HttpResponse, String> {
    match tokio::time::timeout(whole, connector.call(request)).await {
        Err(_) => Err(format!("no answer in {} s", whole.as_secs())),
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => {
            let causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
            Err(causes.last().map_or_else(|| error.to_string(), ToString::to_string))
        }
    }
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
    fn the_last_cause_is_told() {
        // Nobody listens where somebody has just stopped to.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = HttpRequest::get(format!("http://127.0.0.1:{port}/")).unwrap();
        let why = runtime.block_on(send(request, Duration::from_secs(30))).unwrap_err();
        assert!(why.contains("refused"), "{why}");
    }
}
