//! Who asks: a program of this machine, or a web page that it shows. Only the first is answered.

use hyper::Uri;
use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

/// Did a program of this machine ask, and not a web page that it shows?
///
/// A page may resolve its own name to 127.0.0.1, so the name must be loopback's; and a page of another site says where
/// it comes from.
pub(super) fn from_here(headers: &HeaderMap, uri: &Uri) -> Result<(), &'static str> {
    let header = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let host = header(HOST).or_else(|| uri.authority().map(|authority| authority.as_str())).unwrap_or_default();
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
