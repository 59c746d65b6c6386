//! Probe: one path of a site, asked for as a visitor would, and the status that it answered with.
//!
//! A site is asked at an address of our choice under a name of our choice: that is how an environment is tested before
//! the name leads to it.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde::Serialize;

use super::environment::Environment;
use super::http;
use crate::environment::Smoke;

/// A site that takes longer than this keeps nobody.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection may break in passing.
const ATTEMPTS: usize = 2;

/// A path, and what it has to answer with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    pub path: String,
    /// `None`: anything that is no error.
    pub status: Option<u16>,
}

impl From<&Smoke> for Probe {
    fn from(smoke: &Smoke) -> Self {
        Self { path: smoke.path.clone(), status: Some(smoke.status) }
    }
}

/// What came of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probed {
    pub url: String,
    /// `None`: no answer.
    pub status: Option<u16>,
    pub passed: bool,
    /// What it should have been, or why there was no answer.
    pub problem: Option<String>,
}

impl Probed {
    /// Why it failed, in one sentence, if it did.
    pub fn failure(&self) -> Option<String> {
        let problem = self.problem.as_deref()?;
        Some(match self.status {
            Some(status) => format!("{} answers {status}: {problem}", self.url),
            None => format!("{} does not answer: {problem}", self.url),
        })
    }
}

impl fmt::Display for Probed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{} {status}", self.url)?,
            None => write!(f, "{} no answer", self.url)?,
        }
        self.problem.iter().try_for_each(|problem| write!(f, ": {problem}"))
    }
}

/// Where a site is, and under which name it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    /// A name in DNS or an address, with a port where it is another than usual.
    pub(crate) address: String,
    pub(crate) host: String,
    pub(crate) https: bool,
}

impl Site {
    /// The environment at its own address. `None`: AWS tells none.
    pub(crate) fn of(environment: &Environment, host: &str, https: bool) -> Option<Self> {
        let endpoint = environment.endpoint.as_deref()?;
        let address = endpoint.trim_start_matches("http://").trim_start_matches("https://").trim_end_matches('/');
        Some(Self { address: address.to_owned(), host: host.to_owned(), https })
    }

    fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.https { "https" } else { "http" }, self.host)
    }
}

/// Ask for every path, each over a connection of its own.
pub(crate) async fn probe(site: &Site, probes: &[Probe]) -> Vec<Probed> {
    let mut all = Vec::new();
    for probe in probes {
        let mut answer = get(site, &probe.path).await;
        for _ in 1..ATTEMPTS {
            if answer.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            answer = get(site, &probe.path).await;
        }
        all.push(judge(site, probe, answer));
    }
    all
}

fn judge(site: &Site, probe: &Probe, answer: Result<u16, String>) -> Probed {
    let url = site.url(&probe.path);
    let (status, problem) = match (answer, probe.status) {
        (Err(why), _) => (None, Some(why)),
        (Ok(status), Some(wanted)) if status != wanted => (Some(status), Some(format!("it should be {wanted}"))),
        (Ok(status), None) if status >= 400 => (Some(status), Some("it is an error".to_owned())),
        (Ok(status), _) => (Some(status), None),
    };
    Probed { url, status, passed: problem.is_none(), problem }
}

/// The status of one answer.
async fn get(site: &Site, path: &str) -> Result<u16, String> {
    let url = if site.https { site.url(path) } else { format!("http://{}{path}", site.address) };
    let mut request = HttpRequest::get(&url).map_err(|error| error.to_string())?;
    if !site.https {
        request.headers_mut().try_insert("host", site.host.clone()).map_err(|error| error.to_string())?;
    }
    if site.https {
        // The certificate is that of the name; the address is another's.
        http::status_at(Here(site.address.clone()), request, PATIENCE).await
    } else {
        http::status(request, PATIENCE).await
    }
}

/// Finds every name at one address.
#[derive(Debug, Clone)]
struct Here(String);

impl ResolveDns for Here {
    fn resolve_dns<'a>(&'a self, _name: &'a str) -> DnsFuture<'a> {
        let address = self.0.clone();
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((address.as_str(), 443)).await.map_err(ResolveDnsError::new)?;
            Ok(found.map(|address| address.ip()).collect::<Vec<IpAddr>>())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_judged_by_its_status() {
        let site = Site { address: "127.0.0.1:1".to_owned(), host: "shop.example".to_owned(), https: false };
        let case = |wanted: Option<u16>, answer: Result<u16, String>| {
            judge(&site, &Probe { path: "/x".to_owned(), status: wanted }, answer)
        };
        assert!(case(Some(200), Ok(200)).passed && case(Some(301), Ok(301)).passed && case(None, Ok(302)).passed);
        assert_eq!(case(Some(200), Ok(301)).problem.as_deref(), Some("it should be 200"));
        assert!(!case(None, Ok(404)).passed);
        let silent = case(None, Err("no answer in 10 s".to_owned()));
        assert_eq!((silent.status, silent.url.as_str()), (None, "http://shop.example/x"));
    }
}
