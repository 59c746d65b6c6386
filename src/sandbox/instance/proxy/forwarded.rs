//! Forwarded headers: what the balancer, which this machine has not, adds to a request and takes from an answer.

use std::net::SocketAddr;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::sandbox::instance::health::INSTANCE_IP;

/// Headers that the load balancer adds to a request, and that nginx on the instance adds to that.
///
/// The balancer is the edge: what a client says of itself here counts for nothing except as a hop in `X-Forwarded-For`.
/// `Host` stays as the client sent it. nginx on an instance drops the port from it, which changes nothing at port 80 and
/// would break every redirect on a laptop.
pub(super) struct Forwarded {
    host: String,
    tls: bool,
    /// A health check goes to the instance itself.
    passed: bool,
}

impl Forwarded {
    pub(super) fn of(headers: &HeaderMap, tls: bool) -> Self {
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let passed = host != INSTANCE_IP;
        Self { host, tls: tls && passed, passed }
    }

    pub(super) fn forward(&self, headers: &mut HeaderMap, client: SocketAddr) {
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
    pub(super) fn back(&self, headers: &mut HeaderMap) {
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

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_edge_speaks_for_the_client() {
        let mut headers =
            headers(&[("x-forwarded-for", "10.0.0.1"), ("x-forwarded-proto", "https"), ("host", "localhost:8080")]);
        Forwarded::of(&headers, false).forward(&mut headers, SocketAddr::from(([127, 0, 0, 1], 9)));
        assert_eq!(headers["x-forwarded-for"], "10.0.0.1, 127.0.0.1");
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert_eq!(headers["x-forwarded-port"], "8080");
        assert_eq!(headers["x-real-ip"], "127.0.0.1");
    }

    #[test]
    fn a_balancer_that_ends_tls_says_so_both_ways() {
        let mut request =
            headers(&[("host", "localhost:8080"), ("origin", "http://localhost:8080"), ("referer", "http://other/")]);
        let forwarded = Forwarded::of(&request, true);
        forwarded.forward(&mut request, SocketAddr::from(([127, 0, 0, 1], 9)));
        assert_eq!(request["x-forwarded-proto"], "https");
        assert_eq!(request["origin"], "https://localhost:8080");
        assert_eq!(request["referer"], "http://other/");
        let mut answer =
            headers(&[("location", "https://localhost:8080/next"), ("strict-transport-security", "max-age=1")]);
        forwarded.back(&mut answer);
        assert_eq!(answer["location"], "http://localhost:8080/next");
        assert!(!answer.contains_key("strict-transport-security"));
    }

    #[test]
    fn a_health_check_passes_no_balancer() {
        let mut request = headers(&[("host", INSTANCE_IP)]);
        Forwarded::of(&request, true).forward(&mut request, SocketAddr::from(([127, 0, 0, 1], 9)));
        assert!(!request.contains_key("x-forwarded-proto"));
    }
}
