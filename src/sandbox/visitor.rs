//! Who asks: a program of this machine, or a web page that it shows. Only the first is answered.

use hyper::Uri;
use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

/// Did a program of this machine ask, and not a web page that it shows?
///
/// A page may resolve its own name to 127.0.0.1, so the name must be loopback's; and a page of another site says where
/// it comes from.
pub(super) fn from_here(headers: &HeaderMap, uri: &Uri) -> Result<(), &'static str> {
    let header = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    if headers.get_all(HOST).iter().nth(1).is_some() {
        return Err("the sandbox answers no request with two hosts\n");
    }
    let host = header(HOST).or_else(|| uri.authority().map(|authority| authority.as_str())).unwrap_or_default();
    if !is_loopback(host) {
        return Err("the sandbox answers requests to 127.0.0.1 and localhost only\n");
    }
    let origin = header(ORIGIN);
    // A browser says so even where it names no origin. Somebody may follow a link to the sandbox's page from elsewhere.
    let site = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site");
    let is_embedded = site && headers.get("sec-fetch-mode").is_none_or(|mode| mode != "navigate");
    if is_embedded || origin.is_some_and(|origin| origin.strip_prefix("http://") != Some(host)) {
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
    fn pages_of_other_sites_are_not_answered() {
        #[track_caller]
        fn case(headers: &[(&'static str, &'static str)], answered: bool) {
            let mut map = HeaderMap::new();
            map.append(HOST, HeaderValue::from_static("127.0.0.1:80"));
            for &(name, value) in headers {
                map.append(name, HeaderValue::from_static(value));
            }
            assert_eq!(from_here(&map, &Uri::from_static("/")).is_ok(), answered, "{headers:?}");
        }
        case(&[], true);
        case(&[("origin", "http://127.0.0.1:80"), ("sec-fetch-site", "same-origin")], true);
        case(&[("origin", "http://example.com")], false);
        case(&[("host", "127.0.0.1:80")], false);
        case(&[("host", "example.com")], false);
        case(&[("sec-fetch-site", "cross-site")], false);
        case(&[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")], false);
        case(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], true);
        case(&[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], true);
    }

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
