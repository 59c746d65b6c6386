//! The choices with their real peers: PostgreSQL, MySQL, Redis, Celery, uvicorn and S3.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::harness::{Place, Running, free_port, left_out, missing, python};
use crate::matrix::python_with_everything;
use crate::site::{SECRET_KEY, Site, manage};

/// A server on loopback with a folder of its own. Ended when dropped.
struct Server {
    child: Child,
    port: u16,
    _home: TempDir,
}

impl Server {
    fn postgresql() -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let newest = versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max();
        let Some(bin) = newest else {
            left_out("PostgreSQL's server is not installed (Debian: `postgresql`)");
            return None;
        };
        let home = home();
        let data = home.path().join("data");
        let init = unprivileged(&bin.join("initdb"))
            .args(["-U", "site", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
        let port = free_port();
        let mut command = unprivileged(&bin.join("postgres"));
        command.arg("-D").arg(&data).arg("-k").arg(home.path());
        command.args(["-h", "127.0.0.1", "-c", "fsync=off", "-p"]).arg(port.to_string());
        Some(Self::start(command, port, home))
    }

    /// Without its tables for users and rights: everybody may do everything.
    fn mysql() -> Option<Self> {
        if missing("mariadbd", "mariadb-server-core") {
            return None;
        }
        let home = home();
        let port = free_port();
        let data = home.path().join("data");
        std::fs::create_dir(&data).unwrap();
        give_away(&data);
        let mut command = unprivileged(Path::new("mariadbd"));
        command.args(["--no-defaults", "--skip-grant-tables", "--bind-address=127.0.0.1"]);
        command.arg(format!("--datadir={}", data.display())).arg(format!("--socket={}/s", home.path().display()));
        command.arg(format!("--pid-file={}/pid", home.path().display())).arg(format!("--port={port}"));
        Some(Self::start(command, port, home))
    }

    fn redis() -> Option<Self> {
        if missing("redis-server", "redis-server") {
            return None;
        }
        let (home, port) = (home(), free_port());
        let mut command = unprivileged(Path::new("redis-server"));
        command.args(["--bind", "127.0.0.1", "--save", "", "--port", &port.to_string()]);
        Some(Self::start(command, port, home))
    }

    fn start(mut command: Command, port: u16, home: TempDir) -> Self {
        command.current_dir(home.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut server = Self { child, port, _home: home };
        let end = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.child.try_wait().unwrap().is_none(), "{command:?} ended");
            assert!(Instant::now() < end, "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // At once: what it holds is thrown away.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder that whoever runs the server owns.
fn home() -> TempDir {
    let home = tempfile::Builder::new().prefix("beansprout-peer-").tempdir().unwrap();
    give_away(home.path());
    home
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0
}

fn give_away(folder: &Path) {
    if is_root() {
        assert!(Command::new("chown").arg("nobody").arg(folder).status().unwrap().success());
    }
}

/// A program as nobody in particular: database servers refuse to run as root.
fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new(if is_root() { Path::new("setpriv") } else { program });
    if is_root() {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    }
    let path = std::env::var("PATH").unwrap_or_default();
    command.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", format!("{path}:/usr/sbin"));
    command
}

const PRODUCTION: [&str; 2] = ["--settings", "shop.settings.production"];

/// Run `manage.py` of the site `shop` as it runs on an instance.
#[track_caller]
fn in_production(place: &Place, python: &Path, arguments: &[&str]) -> String {
    manage(place, python, &[arguments, &PRODUCTION].concat())
}

/// Two instances deploy at the same moment, and both come through.
#[track_caller]
fn migrate_twice_at_once(place: &Place, python: &Path) {
    let said = std::thread::scope(|scope| {
        let runs = [(), ()].map(|()| scope.spawn(|| in_production(place, python, &["migrate_once"])));
        runs.map(|run| run.join().unwrap()).concat()
    });
    assert_eq!(said.matches("Applying sessions.0001_initial").count(), 1, "{said}");
    assert!(said.contains("No migrations to apply"), "{said}");
}

#[test]
fn postgresql_redis_celery_and_uvicorn_work_together() {
    let (Some(postgresql), Some(redis)) = (Server::postgresql(), Server::redis()) else { return };
    let place = Place::new()
        .var("SECRET_KEY", SECRET_KEY)
        .var("DATABASE_URL", format!("postgresql://site@127.0.0.1:{}/postgres", postgresql.port))
        .var("REDIS_URL", format!("redis://127.0.0.1:{}/0", redis.port));
    let answers = ["profile=steady", "database=postgresql", "cache=redis", "celery=yes", "server=asgi"];
    let set = answers.iter().flat_map(|answer| ["--set", answer]);
    place.run(["new", "shop", "--defaults"].into_iter().chain(set)).ok();
    let python = python_with_everything();

    migrate_twice_at_once(&place, &python);
    in_production(&place, &python, &["collectstatic", "--noinput"]);
    let said = in_production(&place, &python, &["test"]);
    assert!(said.contains("OK") && !said.contains("FAILED"), "{said}");

    let site = Site::serve(&place, &python, "shop");
    let page = site.get("/", "127.0.0.1");
    assert!(page[8..].starts_with(" 200") && page.contains("server: uvicorn"), "{page}");
    let ready = site.get("/health/ready/", "10.1.2.3");
    assert!(ready.ends_with("ready\n"), "{ready}");

    // What one process keeps, another finds.
    let shell = |code: &str| in_production(&place, &python, &["shell", "--no-imports", "-c", code]);
    let key = shell(
        "from django.core.cache import cache\n\
         from importlib import import_module\n\
         from django.conf import settings\n\
         cache.set('greeting', 'hello')\n\
         session = import_module(settings.SESSION_ENGINE).SessionStore()\n\
         session['who'] = 'me'\n\
         session.save()\n\
         print('key', session.session_key)",
    );
    let key = key.split_once("key ").unwrap().1.trim();
    let found = shell(&format!(
        "from django.core.cache import cache\n\
         from django.contrib.sessions.backends.cached_db import SessionStore\n\
         print(cache.get('greeting'), SessionStore('{key}')['who'])\n\
         cache.clear()\n\
         print(SessionStore('{key}')['who'])",
    ));
    assert!(found.contains("hello me\nme\n"), "{found}");

    let procfile = place.read("shop/Procfile");
    let line = procfile.lines().find_map(|line| line.strip_prefix("worker: ")).unwrap();
    let mut words = line.split_whitespace();
    let mut command = place.command(python.with_file_name(words.next().unwrap()));
    command.current_dir(place.path("shop")).args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A task waits where nobody clears a cache.
    shell("from welcome.tasks import add; from django.core.cache import cache; add.delay(2, 3); cache.clear()");
    let mut worker = Running::new(command.spawn().unwrap());
    let done = worker.wait_for("Task welcome.tasks.add[");
    assert!(done.contains("received"), "{done}");
    let done = worker.wait_for("succeeded in ");
    assert!(done.ends_with(": 5"), "{done}");
}

#[test]
fn mysql_and_a_bucket_serve_the_site() {
    let Some(mysql) = Server::mysql() else { return };
    let place = Place::new();
    let (_running, endpoint) = crate::sandbox::start(&place, &[]);
    let variables = beansprout::sandbox::variables(&endpoint);
    let place = variables.into_iter().fold(place, |place, (name, value)| place.var(name, value));
    let place =
        place.var("SECRET_KEY", SECRET_KEY).var("DATABASE_URL", format!("mysql://site@127.0.0.1:{}/site", mysql.port));
    let answers = [
        "profile=steady",
        "database=mysql",
        "static_files=s3",
        "static_bucket=shop-static",
        "static_domain=d111111abcdef8.cloudfront.net",
    ];
    let set = answers.iter().flat_map(|answer| ["--set", answer]);
    place.run(["new", "shop", "--defaults"].into_iter().chain(set)).ok();
    let site_python = python_with_everything();
    let create = format!(
        "import pymysql\n\
         pymysql.connect(host='127.0.0.1', port={}, user='site').cursor().execute('CREATE DATABASE site')",
        mysql.port
    );
    place.sh(site_python.to_str().unwrap(), &["-c", &create]);
    let client = |code: &str| place.sh(python().to_str().unwrap(), &["-c", code]);
    client("import boto3; boto3.client('s3').create_bucket(Bucket='shop-static')");

    migrate_twice_at_once(&place, &site_python);
    // A second instance finds everything there already.
    in_production(&place, &site_python, &["collectstatic", "--noinput"]);

    let site = Site::serve(&place, &site_python, "shop");
    let page = site.get("/", "127.0.0.1");
    let host = "https://d111111abcdef8.cloudfront.net/";
    let style = page.split('"').find_map(|part| part.strip_prefix(host).filter(|path| path.ends_with(".css")));
    let style = style.unwrap_or_else(|| panic!("{page}"));
    assert_ne!(style, "static/site.css", "the name changes with the content");
    let object = client(&format!(
        "import boto3\n\
         found = boto3.client('s3').head_object(Bucket='shop-static', Key='{style}')\n\
         print(found['ContentType'], found['CacheControl'])"
    ));
    assert_eq!(object, "text/css public, max-age=31536000, immutable\n");
    let ready = site.get("/health/ready/", "10.1.2.3");
    assert!(ready.ends_with("ready\n"), "{ready}");
}
