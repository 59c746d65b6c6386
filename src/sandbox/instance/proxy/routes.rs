//! Where requests go, and within which limits: what nginx would read of its configuration.

use std::path::PathBuf;
use std::time::Duration;

use crate::beanstalk::defaults;

/// nginx's own limit for a request body where a project sets none.
pub(crate) const UPLOAD_LIMIT: u64 = defaults::BODY_BYTES;
/// nginx waits this long for the application's next word where a project sets nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(defaults::PROXY_SECONDS);

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
    pub(super) fn file<'a>(&self, path: &'a str) -> Option<(&PathBuf, &'a str)> {
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

    #[test]
    fn the_limits_of_nginx_files_are_obeyed() {
        let mut routes = Routes::closed();
        routes.obey("# client_max_body_size 1k;\nclient_max_body_size 20M;\nlocation / { proxy_read_timeout 2m; }\n");
        assert_eq!(routes.upload_limit, 20 << 20);
        assert_eq!(routes.patience, Duration::from_secs(120));
        routes.obey("client_max_body_size 0;");
        assert_eq!(routes.upload_limit, u64::MAX);
    }
}
