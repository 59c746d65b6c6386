//! Where the web process listens.
//!
//! On an instance it owns port 8000. A laptop has one port 8000 and may have several instances, and must not listen where
//! other machines can reach it. So the process is given a free port on loopback: by `PORT`, by the bind address in
//! its command, or by gunicorn's variable, whichever the project left open. What cannot be moved stays where it is.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;

use regex::{Captures, Regex};

use super::supervisor::Service;

/// The port that the proxy of the Python platform expects.
pub(crate) const DEFAULT: u16 = crate::beanstalk::defaults::APPLICATION_PORT;

/// The Procfile's processes as they run here.
pub(crate) struct Moved {
    pub(crate) services: Vec<Service>,
    /// On top of the environment properties.
    pub(crate) env: BTreeMap<String, String>,
    /// Changes, for the log.
    pub(crate) notes: Vec<String>,
}

/// Ports that no system gives to outgoing connections, which would take one before its server is up.
const QUIET: RangeInclusive<u16> = 20_000..=32_767;

/// A port of loopback that nobody listens on.
pub(crate) fn free() -> std::io::Result<u16> {
    let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let quiet = (0..100).find_map(|_| listen(fastrand::u16(QUIET)).ok());
    quiet.map_or_else(|| listen(0), Ok)?.local_addr().map(|address| address.port())
}

/// Move `services` from the port `expected` to `port`. `config` is the text of `gunicorn.conf.py`.
pub(crate) fn move_to(
    port: u16,
    expected: u16,
    services: &[Service],
    properties: &BTreeMap<String, String>,
    config: Option<&str>,
) -> Moved {
    let mut moved = Moved { services: Vec::new(), env: BTreeMap::new(), notes: Vec::new() };
    moved.env.insert("PORT".to_owned(), port.to_string());
    for service in services {
        let web = service.name == "web" || services.len() == 1;
        let command = rewrite(&service.command, expected, if web { port } else { expected });
        if command != service.command {
            moved.notes.push(format!("`{}` runs as `{command}`", service.name));
        }
        if web && gunicorn(&command) && !bound(&command) {
            let literal = config.and_then(literal_bind);
            let at = match literal {
                Some(Bind::Port(other)) if other != expected => Some(other),
                Some(Bind::Socket) => None,
                // It computes the address, from `PORT` and for loopback.
                None if config.is_some_and(|text| text.contains("PORT") && !text.contains("0.0.0.0")) => None,
                _ => Some(port),
            };
            if let Some(at) = at {
                let before = properties.get("GUNICORN_CMD_ARGS").map(|args| format!("{args} ")).unwrap_or_default();
                let args = format!("{before}--bind 127.0.0.1:{at}");
                moved.notes.push(format!("`{}` runs with `GUNICORN_CMD_ARGS={args}`", service.name));
                moved.env.insert("GUNICORN_CMD_ARGS".to_owned(), args);
            }
        }
        moved.services.push(Service { name: service.name.clone(), command });
    }
    moved
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is well formed")
}

/// `command` with loopback in place of all interfaces, and `port` in place of `expected`.
fn rewrite(command: &str, expected: u16, port: u16) -> String {
    let number = |text: &str| if text == expected.to_string() { port.to_string() } else { text.to_owned() };
    let address = pattern(
        r#"(?x) (?P<before> ^ | [\s='"] | -b ) (?: 0\.0\.0\.0 | 127\.0\.0\.1 | localhost | \[::1?\] | \* )?
           : (?P<port> \d{2,5} | \$PORT | \$\{PORT(?::-\d+)?\} )"#,
    );
    let command = address
        .replace_all(command, |found: &Captures| format!("{}127.0.0.1:{}", &found["before"], number(&found["port"])));
    let host = pattern(r"(?P<flag>(?:--host|--bind|--http|-b)[\s=]+)(?:0\.0\.0\.0|::|\[::\])(?P<after>\s|$)");
    let command = host.replace_all(&command, "${flag}127.0.0.1${after}");
    let alone = pattern(r"(?P<flag>(?:--port|-p)[\s=]+)(?P<port>\d{2,5})\b");
    alone.replace_all(&command, |found: &Captures| format!("{}{}", &found["flag"], number(&found["port"]))).into_owned()
}

fn gunicorn(command: &str) -> bool {
    command.split_whitespace().any(|word| word == "gunicorn" || word.ends_with("/gunicorn"))
}

fn bound(command: &str) -> bool {
    command.split_whitespace().any(|word| word.starts_with("-b") || word == "--bind" || word.starts_with("--bind="))
}

#[derive(Debug, PartialEq, Eq)]
enum Bind {
    Port(u16),
    Socket,
}

/// The address that gunicorn's configuration writes down, if it writes one down rather than compute it.
fn literal_bind(config: &str) -> Option<Bind> {
    let found = pattern(r#"(?m)^bind\s*=\s*\[?\s*["'](?P<address>[^"'{}]+)["']"#).captures(config)?;
    let address = &found["address"];
    if address.starts_with("unix:") {
        return Some(Bind::Socket);
    }
    address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).map(Bind::Port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(command: &str) -> Vec<Service> {
        vec![Service { name: "web".to_owned(), command: command.to_owned() }]
    }

    #[test]
    fn the_bind_address_moves() {
        #[track_caller]
        fn case(command: &str, moved: &str) {
            assert_eq!(rewrite(command, 8000, 41234), moved);
        }
        case("gunicorn --bind :8000 a.wsgi", "gunicorn --bind 127.0.0.1:41234 a.wsgi");
        case("gunicorn --bind=0.0.0.0:8000 a.wsgi", "gunicorn --bind=127.0.0.1:41234 a.wsgi");
        case("gunicorn -b '[::]:8000' a:b", "gunicorn -b '127.0.0.1:41234' a:b");
        case("gunicorn -b:8000 a:b", "gunicorn -b127.0.0.1:41234 a:b");
        case("gunicorn --bind 0.0.0.0:$PORT a", "gunicorn --bind 127.0.0.1:$PORT a");
        case("gunicorn --bind :${PORT:-8000} a", "gunicorn --bind 127.0.0.1:${PORT:-8000} a");
        case("gunicorn --bind 0.0.0.0:5000 a", "gunicorn --bind 127.0.0.1:5000 a");
        case("uvicorn a:b --host 0.0.0.0 --port 8000", "uvicorn a:b --host 127.0.0.1 --port 41234");
        case("daphne -b 0.0.0.0 -p 8000 a:b", "daphne -b 127.0.0.1 -p 41234 a:b");
        case("python manage.py runserver 0.0.0.0:8000", "python manage.py runserver 127.0.0.1:41234");
        case("celery -A a worker -b redis://localhost:8000/0", "celery -A a worker -b redis://localhost:8000/0");
        case("gunicorn --bind unix:/tmp/s a", "gunicorn --bind unix:/tmp/s a");
    }

    #[test]
    fn gunicorn_is_told_what_its_command_leaves_open() {
        #[track_caller]
        fn case(command: &str, config: Option<&str>, args: Option<&str>) {
            let moved = move_to(41234, 8000, &web(command), &BTreeMap::new(), config);
            assert_eq!(moved.env.get("GUNICORN_CMD_ARGS").map(String::as_str), args);
            assert_eq!(moved.env["PORT"], "41234");
        }
        case("gunicorn a.wsgi", None, Some("--bind 127.0.0.1:41234"));
        case("gunicorn a.wsgi", Some("bind = '0.0.0.0:8000'\n"), Some("--bind 127.0.0.1:41234"));
        case("gunicorn a.wsgi", Some("bind = f\"0.0.0.0:{os.environ['PORT']}\"\n"), Some("--bind 127.0.0.1:41234"));
        case("gunicorn a.wsgi", Some("bind = '127.0.0.1:' + os.environ['PORT']\n"), None);
        // The classic mistake of another port must stay what it is: a 502.
        case("gunicorn a.wsgi", Some("bind = ['0.0.0.0:5000']\n"), Some("--bind 127.0.0.1:5000"));
        case("gunicorn a.wsgi", Some("bind = 'unix:/tmp/s'\n"), None);
        case("gunicorn --bind :8000 a.wsgi", None, None);
        case("python serve.py", None, None);
    }
}
