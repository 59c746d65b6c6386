//! The health check as the balancer makes it: plain HTTP, with the instance's address for a host name.
//!
//! It is where most Django projects first fail on Elastic Beanstalk, so it is asked here, and the answer explained.

use std::time::{Duration, Instant};

use super::http::{self, Request, Response};
use super::listeners::{Listener, listeners};
use super::machine::Machine;
use super::settings::Settings;
use super::supervisor::Supervisor;
use crate::beanstalk::defaults;

/// An address as instances have them: private, and in no `ALLOWED_HOSTS`.
pub(crate) const INSTANCE_IP: &str = "172.31.0.10";

/// Time that an application may take to start before the answer counts.
const START: Duration = Duration::from_secs(60);

/// Health of the instance in the balancer's eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub path: String,
    pub answer: Answer,
    /// Why it is so, and what to do.
    pub finding: Option<Finding>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Status(u16),
    Nothing(String),
}

/// A known mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub what: String,
    pub hint: String,
    /// The id of the rule that tells the whole story, where there is one.
    pub rule: Option<&'static str>,
    /// The last words of the web process, where they say more.
    pub tail: Vec<String>,
}

impl Finding {
    /// Advice: what to do, and where the whole story is.
    pub fn advice(&self) -> String {
        match self.rule {
            Some(rule) => format!("{}; `beansprout explain {rule}` tells the whole story", self.hint),
            None => self.hint.clone(),
        }
    }
}

impl Health {
    pub fn good(&self) -> bool {
        self.finding.is_none()
    }
}

/// The rules of `check` that explain an answer. They are names here: `explain` knows what they stand for.
pub const RULES: [&str; 4] = [HOST, REDIRECT, PORT, TARGET];
const HOST: &str = "EB010";
const REDIRECT: &str = "EB012";
const PORT: &str = "EB004";
const TARGET: &str = "EB002";

/// So many false starts of the web process in a row are no start.
const FALSE_STARTS: u32 = 3;
/// A server that listens at another port by then means it.
const ELSEWHERE: Duration = Duration::from_secs(5);

/// Ports and processes behind the proxy.
pub(crate) struct Behind<'a> {
    /// Where somebody should listen.
    pub(crate) ports: [Option<u16>; 2],
    pub(crate) supervisor: Option<&'a Supervisor>,
}

impl Behind<'_> {
    fn elsewhere(&self, machine: &Machine) -> Option<Listener> {
        let all = listeners(&machine.processes.marked());
        all.into_iter().find(|listener| !self.ports.contains(&Some(listener.address.port())))
    }

    /// Is it of no use to wait any longer?
    fn hopeless(&self, machine: &Machine, waited: Duration) -> bool {
        let false_starts = self.supervisor.map_or(0, Supervisor::false_starts);
        false_starts >= FALSE_STARTS || waited >= ELSEWHERE && self.elsewhere(machine).is_some()
    }
}

pub(crate) fn ask(machine: &Machine, port: u16, settings: &Settings, behind: &Behind<'_>) -> Health {
    let path = path(settings);
    let began = Instant::now();
    let mut pause = Duration::from_millis(20);
    let answer = loop {
        let answer = get(port, &path);
        // 502 and 503 are what the proxy says of an application that is still starting.
        let starting = !matches!(&answer, Ok(Response { status, .. }) if *status != 502 && *status != 503);
        let waited = began.elapsed();
        if !starting || waited >= START || behind.hopeless(machine, waited) {
            break answer;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(300));
    };
    let (answer, location) = match answer {
        Ok(Response { status, location }) => (Answer::Status(status), location),
        Err(error) => (Answer::Nothing(error.to_string()), None),
    };
    let finding = finding(&path, &answer, location.as_deref(), settings, machine).map(|finding| match answer {
        Answer::Status(502) => nobody(finding, behind.elsewhere(machine)),
        _ => finding,
    });
    Health { path, answer, finding }
}

/// Why the proxy found nobody to ask: the server listens elsewhere, or did not find the application.
fn nobody(finding: Finding, elsewhere: Option<Listener>) -> Finding {
    let unfound = ["ModuleNotFoundError", "No module named", "Failed to find attribute", "Failed to find application"];
    match elsewhere {
        Some(Listener { address, program }) => Finding {
            what: format!("`{program}` listens on port {}, where the proxy does not ask (502)", address.port()),
            hint: "it must listen on the port that `PORT` names, or on 8000 where nothing sets `PORT`".to_owned(),
            rule: Some(PORT),
            ..finding
        },
        None if finding.tail.iter().any(|line| unfound.iter().any(|words| line.contains(words))) => {
            Finding { rule: Some(TARGET), ..finding }
        }
        None => finding,
    }
}

fn path(settings: &Settings) -> String {
    let path = settings.get("aws:elasticbeanstalk:environment:process:default", "HealthCheckPath");
    let url = settings.get("aws:elasticbeanstalk:application", "Application Healthcheck URL");
    let text = path.or(url).unwrap_or(defaults::HEALTH_PATH);
    // The second form may be `HTTP:80/path`.
    text.find('/').map_or_else(|| format!("/{text}"), |at| text[at..].to_owned())
}

fn finding(
    path: &str,
    answer: &Answer,
    location: Option<&str>,
    settings: &Settings,
    machine: &Machine,
) -> Option<Finding> {
    let wanted = settings.get("aws:elasticbeanstalk:environment:process:default", "MatcherHTTPCode").unwrap_or("200");
    let status = match answer {
        Answer::Status(status) => *status,
        Answer::Nothing(_) => 0,
    };
    if accepts(wanted, status) {
        return None;
    }
    let (what, hint, with_tail) = explain(path, status, location);
    let tail = if with_tail { machine.journal("web.stdout.log").tail(12) } else { Vec::new() };
    let rule = match status {
        400 => Some(HOST),
        301 | 302 | 307 | 308 if to_https(location) => Some(REDIRECT),
        _ => None,
    };
    Some(Finding { what, hint: hint.to_owned(), rule, tail })
}

/// Meaning of an answer other than the wanted one.
fn explain(path: &str, status: u16, location: Option<&str>) -> (String, &'static str, bool) {
    match status {
        400 => (
            format!(
                "`{path}` answers 400: Django refuses the host name, which is the instance's address in a health check"
            ),
            "answer the health path in a middleware before the host is checked; do not allow every host",
            false,
        ),
        301 | 302 | 307 | 308 if to_https(location) => (
            format!("`{path}` answers {status}: plain HTTP is sent to https, and a health check is plain HTTP"),
            "exempt the path with `SECURE_REDIRECT_EXEMPT`, or answer it in a middleware before `SecurityMiddleware`",
            false,
        ),
        301 | 302 | 303 | 307 | 308 => (
            format!("`{path}` answers {status}: it leads to `{}`", location.unwrap_or("another page")),
            "give the health check a path of its own that needs no login: `HealthCheckPath`",
            false,
        ),
        404 => (
            format!("`{path}` answers 404: the application has no such page"),
            "point `HealthCheckPath` to a page that there is",
            false,
        ),
        502 => (
            "the web process does not answer (502)".to_owned(),
            "it must listen on the port that `PORT` names; its log says whether it started at all",
            true,
        ),
        504 => (format!("`{path}` takes too long (504)"), "a health path should touch little", true),
        500..=599 => (format!("`{path}` answers {status}"), "the log of the web process has the traceback", true),
        0 => (format!("`{path}` gets no answer"), "the log of the web process may say why", true),
        _ => (
            format!("`{path}` answers {status}, which `MatcherHTTPCode` does not name"),
            "change the one or the other",
            false,
        ),
    }
}

fn to_https(location: Option<&str>) -> bool {
    location.is_some_and(|to| to.starts_with("https:"))
}

/// Is `status` in a list such as `200,301-302`?
fn accepts(wanted: &str, status: u16) -> bool {
    wanted.split(',').any(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        match (from.trim().parse::<u16>(), to.trim().parse::<u16>()) {
            (Ok(from), Ok(to)) => (from..=to).contains(&status),
            _ => false,
        }
    })
}

fn get(port: u16, path: &str) -> std::io::Result<Response> {
    let request = Request {
        method: "GET",
        path,
        headers: [("Host", INSTANCE_IP), ("User-Agent", "ELB-HealthChecker/2.0")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        body: b"",
        connect: Duration::from_secs(5),
        patience: Duration::from_secs(65),
    };
    http::ask(port, &request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_may_be_lists_and_ranges() {
        assert!(accepts("200", 200));
        assert!(accepts("200, 301-302", 302));
        assert!(!accepts("200", 301));
        assert!(!accepts("", 200));
    }

    #[test]
    fn an_answer_is_explained() {
        #[track_caller]
        fn case(status: u16, location: Option<&str>, what: &str, hint: &str) {
            let (said, advice, _) = explain("/up", status, location);
            assert!(said.contains(what) && advice.contains(hint), "{said}; {advice}");
        }
        case(400, None, "refuses the host name", "middleware before the host is checked");
        case(301, Some("https://172.31.0.10/up"), "sent to https", "SECURE_REDIRECT_EXEMPT");
        case(302, Some("/login/?next=/up"), "leads to `/login/?next=/up`", "HealthCheckPath");
        case(404, None, "no such page", "HealthCheckPath");
        case(502, None, "does not answer", "`PORT`");
    }

    #[test]
    fn nobody_at_the_port_has_a_reason() {
        let finding = |tail: &str| {
            let (what, hint, tail) = ("502".to_owned(), String::new(), vec![tail.to_owned()]);
            Finding { what, hint, rule: None, tail }
        };
        let elsewhere = Listener { address: "127.0.0.1:5000".parse().unwrap(), program: "gunicorn".to_owned() };
        let found = nobody(finding(""), Some(elsewhere));
        assert_eq!(found.rule, Some("EB004"));
        assert!(found.what.contains("`gunicorn` listens on port 5000"), "{found:?}");
        assert_eq!(nobody(finding("ModuleNotFoundError: No module named 'application'"), None).rule, Some("EB002"));
        assert_eq!(nobody(finding("killed"), None).rule, None);
    }

    #[test]
    fn the_health_path_comes_from_the_options() {
        let case = |namespace: &str, name: &str, value: &str| {
            let mut settings = Settings::default();
            settings.set(namespace, name, value);
            path(&settings)
        };
        assert_eq!(path(&Settings::default()), "/");
        assert_eq!(case("aws:elasticbeanstalk:environment:process:default", "HealthCheckPath", "/up/"), "/up/");
        assert_eq!(case("aws:elasticbeanstalk:application", "Application Healthcheck URL", "HTTP:80/up"), "/up");
    }
}
