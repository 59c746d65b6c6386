//! The instance's own nginx, where the machine has one: the platform's configuration with the project's files in it.
//!
//! What the files say is kept, but for what a laptop cannot grant: port 80, the user, the place of the pid file. So a
//! mistake in `.platform/nginx` shows here, and at the same step as on AWS.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use regex::{Captures, Regex};

use super::error::{Error, Io};
use super::isolation::{Argv, Program, find};
use super::layout::CURRENT;
use super::machine::Machine;
use super::supervisor::{Service, Supervisor};
use super::{Event, address};

/// Where the platform puts the configuration together.
const STAGED: &str = "/var/proxy/staging/nginx";

/// A running nginx. It ends when dropped.
pub(crate) struct Nginx {
    pub(crate) port: u16,
    _supervisor: Supervisor,
}

/// Outcome of the start of nginx.
pub(crate) enum NginxStart {
    Serves(Nginx),
    /// nginx's own reason.
    Refused(String),
}

/// Ports and folders of the version that nginx serves.
pub(crate) struct Site<'a> {
    /// Where the web process listens, and where the project's files believe that it does.
    pub(crate) upstream: u16,
    pub(crate) expected: u16,
    /// `/static` to a folder of the bundle.
    pub(crate) files: &'a [(String, String)],
}

/// The machine's nginx. `/usr/sbin` is not on everybody's search path.
pub(crate) fn installed(path: &str) -> Option<String> {
    find("nginx", &format!("{path}:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"))
        .map(|program| program.to_string_lossy().into_owned())
}

impl Nginx {
    /// Test the configuration and start nginx with it.
    pub(crate) fn start(
        program: &str,
        machine: &Arc<Machine>,
        site: &Site,
        events: &Sender<Event>,
    ) -> Result<NginxStart, Error> {
        let port = address::free().doing("find a free port on", "127.0.0.1")?;
        stage(machine, site, port)?;
        // Started by root, nginx would give up its rights for those of a user who may not read the files here.
        let user = if machine.layout.of_root()? { "user root; " } else { "" };
        let main = format!("{user}pid {STAGED}/nginx.pid; daemon off;");
        let argv: Vec<String> =
            [program, "-e", "/var/log/nginx/error.log", "-c", &format!("{STAGED}/nginx.conf"), "-g", &main]
                .map(str::to_owned)
                .to_vec();
        let test: Vec<String> = argv.iter().cloned().chain(["-t".to_owned()]).collect();
        let log = Arc::new(machine.journal("eb-engine.log"));
        let tested = Program { argv: Argv::List(&test), cwd: "/var/proxy", env: &machine.base };
        let ran = machine.run(&tested, &log, Duration::from_secs(30))?;
        if !ran.end.good() {
            let said = ran.last.iter().find(|line| line.contains("[emerg]")).or(ran.last.first()).cloned();
            return Ok(NginxStart::Refused(said.unwrap_or_else(|| format!("`nginx -t` failed: {}", ran.end))));
        }
        let command = argv.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
        let service = Service { name: "nginx".to_owned(), command: format!("exec {command}") };
        let supervisor = Supervisor::start(machine, &[service], &machine.base, events)?;
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if began.elapsed() > Duration::from_secs(10) {
                return Ok(NginxStart::Refused("nginx does not listen after 10 s".to_owned()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(NginxStart::Serves(Self { port, _supervisor: supervisor }))
    }
}

/// Put the configuration together in the place where the platform does.
fn stage(machine: &Machine, site: &Site, port: u16) -> Result<(), Error> {
    let layout = &machine.layout;
    layout.fresh(STAGED)?;
    for dir in ["/var/log/nginx", &format!("{STAGED}/tmp"), &format!("{STAGED}/conf.d/elasticbeanstalk")] {
        let dir = layout.real(dir);
        std::fs::create_dir_all(&dir).doing("create", &dir)?;
    }
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    files.insert("nginx.conf".to_owned(), MAIN.to_owned());
    files.insert("conf.d/elasticbeanstalk/00_application.conf".to_owned(), application(site.upstream));
    files.insert("conf.d/elasticbeanstalk/01_static.conf".to_owned(), static_files(site.files));
    let own = layout.real(CURRENT).join(".platform/nginx");
    collect(&own, &own, &mut files)?;
    for (name, text) in &files {
        let text = fit(text, site, port);
        layout.write(&format!("{STAGED}/{name}"), machine.isolation.rewrite(&text))?;
    }
    Ok(())
}

/// The text files below `dir`, by their paths from `root`.
fn collect(root: &Path, dir: &Path, files: &mut BTreeMap<String, String>) -> Result<(), Error> {
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.doing("read", dir)?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let (Some(name), Ok(text)) =
            (path.strip_prefix(root).ok().and_then(Path::to_str), std::fs::read_to_string(&path))
        {
            files.insert(name.to_owned(), text);
        }
    }
    Ok(())
}

/// `http`, `server` and the places where a project's files are included.
const MAIN: &str = r#"worker_processes 2;
error_log /var/log/nginx/error.log;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log /var/log/nginx/access.log;
    include conf.d/*.conf;

    map $http_upgrade $connection_upgrade {
        default "upgrade";
    }

    server {
        listen 80 default_server;
        access_log /var/log/nginx/access.log;
        client_header_timeout 60;
        client_body_timeout 60;
        keepalive_timeout 60;
        gzip off;
        gzip_comp_level 4;
        gzip_types text/plain text/css application/json application/javascript text/xml application/xml;
        include conf.d/elasticbeanstalk/*.conf;
    }
}
"#;

fn application(port: u16) -> String {
    format!(
        "location / {{
    proxy_pass http://127.0.0.1:{port};
    proxy_http_version 1.1;
    proxy_set_header Connection $connection_upgrade;
    proxy_set_header Upgrade $http_upgrade;
    # $host on an instance, which has no port in it: right at port 80, wrong at any other.
    proxy_set_header Host $http_host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
}}
"
    )
}

fn static_files(files: &[(String, String)]) -> String {
    files.iter().map(|(path, dir)| format!("location {path}/ {{\n    alias {CURRENT}/{dir}/;\n}}\n")).collect()
}

/// `text` with what a laptop cannot grant replaced by what it can.
fn fit(text: &str, site: &Site, port: u16) -> String {
    let pattern = |text: &str| Regex::new(text).expect("the pattern is well formed");
    // These belong to whoever starts nginx; the second loopback would be the first one twice.
    let text = pattern(r"(?m)^\s*(?:user|pid|daemon)\s[^;]*;").replace_all(text, "");
    let text = pattern(r"(?m)\blisten\s+\[::\][^;]*;").replace_all(&text, "");
    let listen = pattern(r"\blisten\s+(?:(?:[\w.]+|\*):)?(?P<port>\d+)\b(?P<rest>[^;]*);");
    let text = listen.replace_all(&text, |found: &Captures| match &found["port"] {
        "80" => format!("listen 127.0.0.1:{port}{};", &found["rest"]),
        other => format!("listen 127.0.0.1:{other}{};", &found["rest"]),
    });
    let text = text.replace("/etc/nginx/conf.d", &format!("{STAGED}/conf.d"));
    let upstream = pattern(&format!(r"(?:127\.0\.0\.1|localhost):{}\b", site.expected));
    let text = upstream.replace_all(&text, format!("127.0.0.1:{}", site.upstream));
    // nginx was built to keep these where only root may write.
    let http = pattern(r"(?m)^(?P<head>\s*http\s*\{)");
    let temporary = format!(
        "${{head}}\n    client_body_temp_path {STAGED}/tmp/body;\n    proxy_temp_path {STAGED}/tmp/proxy;\n    \
         fastcgi_temp_path {STAGED}/tmp/fastcgi;\n    uwsgi_temp_path {STAGED}/tmp/uwsgi;\n    scgi_temp_path {STAGED}/tmp/scgi;"
    );
    http.replace(&text, temporary).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_laptop_cannot_grant_is_replaced() {
        #[track_caller]
        fn case(text: &str, fitted: &str) {
            let site = Site { upstream: 41000, expected: 8000, files: &[] };
            assert_eq!(fit(text, &site, 42000), fitted);
        }
        case("listen 80 default_server;", "listen 127.0.0.1:42000 default_server;");
        case("listen *:80;\nlisten [::]:80;", "listen 127.0.0.1:42000;\n");
        case("listen 8080;", "listen 127.0.0.1:8080;");
        case("user nginx;\npid /var/run/nginx.pid;", "\n");
        case("server 127.0.0.1:8000;", "server 127.0.0.1:41000;");
        case("proxy_pass http://localhost:80001;", "proxy_pass http://localhost:80001;");
        case("client_max_body_size 20m;", "client_max_body_size 20m;");
    }
}
