//! The generated site itself, installed from the package registry and served by its own gunicorn.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::harness::{Place, cache_dir, free_port};

/// Fifty letters, as Django's own check wants them.
pub(crate) const SECRET_KEY: &str = "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz";

#[test]
fn its_tests_pass_and_its_deployment_check_is_silent() {
    let place = Place::new().var("SECRET_KEY", SECRET_KEY);
    place.run(["new", "shop", "--defaults"]).ok();
    let python = installed(&place, "shop");
    let manage = |arguments: &[&str]| manage(&place, &python, arguments);
    assert!(manage(&["test"]).contains("OK"));
    let production = ["--settings", "shop.settings.production"];
    let said = manage(&[&["check", "--deploy", "--fail-level", "WARNING"][..], &production].concat());
    assert!(said.contains("no issues"), "{said}");
    assert!(manage(&["makemigrations", "--check", "--dry-run"]).contains("No changes detected"));
    let code = "import logging; logging.getLogger('django.request').error('said'); logging.getLogger('shop').info('said')\n\
                from django.core.mail import send_mail; send_mail('Hello', 'a secret link', 'a@example.com', ['b@example.com'])";
    for (settings, mail) in
        [("development", "a secret link"), ("production", "'Hello' was not sent: the environment property EMAIL_HOST")]
    {
        let said =
            manage(&["shell", "--no-imports", "--command", code, "--settings", &format!("shop.settings.{settings}")]);
        assert_eq!(said.matches(" said").count(), 2, "each record once\n{said}");
        assert!(said.contains(mail), "{said}");
        assert_eq!(said.contains("a secret link"), settings == "development", "{said}");
    }
}

#[test]
fn gunicorn_serves_the_page_its_style_and_its_health() {
    let place = Place::new().var("SECRET_KEY", SECRET_KEY);
    place.run(["new", "shop", "--defaults"]).ok();
    let python = installed(&place, "shop");
    // What `.ebextensions/50-deploy.config` runs.
    for command in [&["migrate_once"][..], &["collectstatic", "--noinput"]] {
        manage(&place, &python, &[command, &["--settings", "shop.settings.production"]].concat());
    }
    let site = Site::serve(&place, &python, "shop");

    let page = site.get("/", "127.0.0.1");
    assert!(page[8..].starts_with(" 200"), "{page}");
    assert!(page.contains("It grows!") && page.contains("production"), "{page}");
    let style = page.split('"').find(|part| part.starts_with("/static/site.")).unwrap();
    assert_ne!(style, "/static/site.css", "the name changes with the content");
    let css = site.get(style, "127.0.0.1");
    assert!(css[8..].starts_with(" 200") && css.contains("text/css") && css.contains("immutable"), "{css}");

    // A load balancer asks with the address of the instance; only the health path may answer that.
    let health = site.get("/health/", "10.1.2.3");
    assert!(health[8..].starts_with(" 200") && health.ends_with("ok\n"), "{health}");
    let ready = site.get("/health/ready/", "10.1.2.3");
    assert!(ready[8..].starts_with(" 200") && ready.ends_with("ready\n"), "{ready}");
    let foreign = site.get("/", "evil.example.com");
    assert!(foreign[8..].starts_with(" 400"), "{foreign}");
}

/// Run `manage.py` of the site `shop` and tell what it said on both streams.
#[track_caller]
pub(crate) fn manage(place: &Place, python: &Path, arguments: &[&str]) -> String {
    let mut command = place.command(python);
    command.current_dir(place.path("shop")).arg("manage.py").args(arguments);
    let run = place.finish(command).ok();
    run.stdout + &run.stderr
}

/// The Python of a virtual environment with the site's own requirements, made once for each set of them.
pub(crate) fn installed(place: &Place, site: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let requirements = place.read(&format!("{site}/requirements.txt"));
    let pins: Vec<&str> = requirements.lines().filter(|line| !line.starts_with('#')).collect();
    let name: String = pins.join("-").chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let venv = cache_dir().join(format!("site-{:016x}", fnv(&name)));
    let python = venv.join("bin/python");
    let stamp = venv.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == requirements) {
        return python;
    }
    place.sh("python3", &["-m", "venv", "--clear", venv.to_str().unwrap()]);
    let list = place.path(format!("{site}/requirements.txt"));
    place.sh(python.to_str().unwrap(), &["-m", "pip", "install", "--quiet", "-r", list.to_str().unwrap()]);
    std::fs::write(&stamp, requirements).unwrap();
    python
}

/// A short name for a long list (FNV-1a).
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A running gunicorn. Ended when dropped.
pub(crate) struct Site {
    child: Child,
    pub(crate) port: u16,
}

impl Site {
    /// Start what the `Procfile` says.
    pub(crate) fn serve(place: &Place, python: &Path, site: &str) -> Self {
        let port = free_port();
        let procfile = place.read(&format!("{site}/Procfile"));
        let line = procfile.lines().find_map(|line| line.strip_prefix("web: ")).unwrap();
        let mut words = line.split_whitespace();
        let program = python.with_file_name(words.next().unwrap());
        let child = place
            .command(program)
            .current_dir(place.path(site))
            .args(words)
            .env("PORT", port.to_string())
            .env("WEB_CONCURRENCY", "2")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut site = Self { child, port };
        let end = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end && matches!(site.child.try_wait(), Ok(None)), "gunicorn does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        site
    }

    pub(crate) fn get(&self, path: &str, host: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // SIGTERM, so that the master ends its workers.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
