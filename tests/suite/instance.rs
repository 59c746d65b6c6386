//! The instance: what each step of a deployment does, seen from inside the project's own scripts.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use beansprout::sandbox::instance::{Error, Event, Instance, IsolationMode, Launch, ProxyKind, Settings};
use beansprout::world::World;

use beansprout::beanstalk::timeline::Failure;

use crate::harness::{Place, missing, processes_with, python};

/// A web server of the standard library: it answers with what it is asked to tell.
const SERVER: &str = r#"
import http.server, json, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/exit":
            os._exit(3)
        body = json.dumps({
            "path": self.path, "headers": {name.lower(): value for name, value in self.headers.items()}, "env": dict(os.environ), "cwd": os.getcwd(), "version": VERSION,
        }).encode()
        checked = self.headers["Host"].startswith("172.31.")
        self.send_response({"strict": 400, "https": 301, "login": 302, "missing": 404}.get(VERSION, 200) if checked else 200)
        self.send_header("Location", {"https": "https://172.31.0.10/"}.get(VERSION, "/login/"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, text, *values):
        print(text % values, flush=True)

VERSION = open("version").read().strip()
where = ("0.0.0.0", 0) if VERSION == "elsewhere" else ("127.0.0.1", int(os.environ["PORT"]))
http.server.ThreadingHTTPServer(where, Handler).serve_forever()
"#;

fn project() -> Place {
    Place::new()
        .file("Procfile", "web: python server.py\n")
        .file("server.py", SERVER)
        .file("version", "one\n")
        .file("beansprout.toml", "[project]\nname = \"site\"\n")
}

/// An instance of a place's project, in both views if both work.
struct Stand<'a> {
    place: &'a Place,
    isolation: IsolationMode,
    proxy_kind: ProxyKind,
    events: Vec<Event>,
}

impl<'a> Stand<'a> {
    fn new(place: &'a Place) -> Self {
        Self { place, isolation: IsolationMode::Auto, proxy_kind: ProxyKind::Auto, events: Vec::new() }
    }

    fn bundle(&self, name: &str) -> PathBuf {
        let path = self.place.dir().parent().unwrap().join(name);
        self.place.run(["package", "-o", path.to_str().unwrap()]).ok();
        path
    }

    fn launch(&mut self, settings: Settings) -> Result<Instance, Error> {
        let bundle = self.bundle("one.zip");
        let launch = Launch {
            settings,
            isolation: self.isolation,
            proxy_kind: self.proxy_kind,
            ..Launch::new(bundle, self.home())
        };
        let mut world = World::real().unwrap();
        world.vars.insert("HOME".to_owned(), "/nonexistent".to_owned());
        world.vars.insert("LEAK".to_owned(), "from the caller".to_owned());
        let events = &mut self.events;
        Instance::launch(&launch, &world, &mut |event| events.push(event))
    }

    fn home(&self) -> PathBuf {
        self.place.dir().parent().unwrap().join("instance")
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.home().join("var/log").join(name)).unwrap_or_default()
    }

    /// Waits until it stands in a log: a server answers first, and writes down afterwards.
    #[track_caller]
    fn logged(&self, name: &str, text: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        while !self.log(name).contains(text) {
            assert!(Instant::now() < end, "{text:?} is not in {name}:\n{}", self.log(name));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[track_caller]
    fn fail(&self, error: &Error) -> ! {
        panic!("{error}\n{}", self.log("eb-engine.log"))
    }
}

/// One request, as it stands on the wire.
fn ask(port: u16, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    (status, body)
}

fn get(port: u16, path: &str) -> (u16, String) {
    ask(port, &format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"))
}

/// A script that says who it is, where it runs and what it knows, in the order in which it comes.
fn tells(name: &str) -> String {
    format!(
        "#!/bin/bash\nset -eu\necho \"{name} in ${{PWD##*/var/app/}}: ${{GREETING-}} ${{PORT:+port}}\" >> /var/app/order.log\n"
    )
}

fn with_steps(place: Place) -> Place {
    let mut place = place
        .file("Buildfile", "assets: echo 'build' >> /var/app/order.log\n")
        .file("Pipfile", "")
        .file("requirements.txt", "# nothing\n")
        .file(
            ".ebextensions/20-later.config",
            "commands:\n  01_first:\n    command: echo \"command $PWD ${GREETING-unset}\" >> /var/app/order.log\n\
             packages:\n  yum:\n    git: []\nusers:\n  app:\n    uid: '900'\n",
        )
        .file(
            ".ebextensions/10-earlier.config",
            r#"
option_settings:
  aws:elasticbeanstalk:application:environment:
    GREETING: from the file
    COLOUR: blue
commands:
  02_second:
    command: echo "second ${GREETING-unset}" >> /var/app/order.log
    env: {GREETING: own}
container_commands:
  01_everywhere:
    command: |
      source /var/app/venv/*/bin/activate
      python -c 'import os, sys; print("container command", sys.prefix != sys.base_prefix, os.environ["GREETING"])' >> /var/app/order.log
  02_leader:
    command: test -d .ebextensions && echo "leader" >> /var/app/order.log
    leader_only: true
  03_tested:
    command: echo "never" >> /var/app/order.log
    test: test -e /no/such/file
  04_ignored:
    command: "false"
    ignoreErrors: true
  05_list:
    command: [sh, -c, 'echo "list $0 in $PWD" >> /var/app/order.log', word]
    cwd: /var/app
files:
  /opt/elasticbeanstalk/tasks/taillogs.d/app.conf:
    mode: "000640"
    content: /var/log/web.stdout.log
  /etc/cron.d/app:
    content: "* * * * * root true"
"#,
        )
        .file("Procfile", "web: python server.py\nticker: while true; do echo tick; sleep 1; done\n");
    for (tree, prefix) in [("hooks", ""), ("confighooks", "config ")] {
        for moment in ["prebuild", "predeploy", "postdeploy"] {
            place = place.file(&format!(".platform/{tree}/{moment}/10_tell.sh"), tells(&format!("{prefix}{moment}")));
        }
    }
    let get = "#!/bin/bash\n/opt/elasticbeanstalk/bin/get-config environment -k COLOUR >> /var/app/order.log\n\
               test ! -e .ebextensions && echo 'clean' >> /var/app/order.log\n";
    place.file(".platform/hooks/predeploy/20_get.sh", get)
}

/// What the scripts said since they were last asked.
fn said(stand: &Stand) -> Vec<String> {
    let path = stand.home().join("var/app/order.log");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(&path);
    let home = stand.home().canonicalize().unwrap();
    text.replace(home.to_str().unwrap(), "").lines().map(|line| line.trim_end().to_owned()).collect()
}

#[track_caller]
fn every_step(isolation: IsolationMode) {
    let place = with_steps(project());
    let mut stand = Stand::new(&place);
    stand.isolation = isolation;
    let greeting = Settings::default().property("GREETING", "hello");
    let mut instance = stand.launch(greeting.clone()).unwrap_or_else(|error| stand.fail(&error));
    let namespace =
        stand.events.iter().any(|event| matches!(event, Event::Note(text) if text.contains("a mount namespace")));
    assert_eq!(namespace, isolation == IsolationMode::Auto, "is bubblewrap installed? {:?}", stand.events);

    // Each line is a row of the timeline: what ran, where, and with which variables.
    let commands = ["command / unset", "second own"];
    let build = [
        "prebuild in staging: hello port",
        "build",
        "container command True hello",
        "leader",
        "list word in /var/app",
        "predeploy in staging: hello port",
        "blue",
        "clean",
        "postdeploy in current: hello port",
    ];
    let expected: Vec<&str> = commands.iter().filter(|_| namespace).chain(&build).copied().collect();
    assert_eq!(said(&stand), expected, "{}", stand.log("cfn-init-cmd.log"));

    // What a laptop cannot do is told, not pretended.
    let would: Vec<(&str, &str)> = stand
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Unsupported { noun, name, .. } => Some((*noun, name.as_str())),
            _ => None,
        })
        .collect();
    let mut expected = vec![("package", "git"), ("user", "app"), ("file", "/etc/cron.d/app")];
    if !namespace {
        expected.extend([("command", "01_first"), ("command", "02_second")]);
    }
    assert_eq!(would, expected);
    let tail = stand.home().join("opt/elasticbeanstalk/tasks/taillogs.d/app.conf");
    assert!(std::fs::read_to_string(tail).unwrap().contains("/var/log/web.stdout.log"));

    // Every process of the Procfile runs, with its log; the venv is on its path.
    assert!(instance.health().good(), "{:?}", instance.health());
    stand.logged("ticker.stdout.log", "tick");
    let (_, body) = get(instance.port(), "/");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert!(body["cwd"].as_str().unwrap().ends_with("/var/app/current"));
    assert!(body["env"]["PATH"].as_str().unwrap().contains("/var/app/venv/"));

    // A deployment: the same steps again, and the new version.
    place.write("version", "two\n");
    let bundle = stand.bundle("two.zip");
    instance.deploy(&bundle, &greeting, &mut |_| {}).unwrap_or_else(|error| stand.fail(&error));
    let expected: Vec<&str> = commands.iter().filter(|_| namespace).chain(&build).copied().collect();
    assert_eq!(said(&stand), expected);
    assert!(instance.health().good());
    assert!(get(instance.port(), "/").1.contains(r#""version": "two""#));

    // A change of configuration: confighooks and nothing of .ebextensions.
    let other = Settings::default().property("GREETING", "good bye");
    instance.configure(&other, &mut |_| {}).unwrap_or_else(|error| stand.fail(&error));
    let expected = [
        "config prebuild in staging: good bye port",
        "build",
        "config predeploy in staging: good bye port",
        "config postdeploy in current: good bye port",
    ];
    assert_eq!(said(&stand), expected);
    assert!(instance.health().good());
    let (_, body) = get(instance.port(), "/");
    assert!(body.contains(r#""version": "two""#) && body.contains("good bye"));
}

#[test]
fn every_step_runs_in_its_place_in_a_namespace() {
    if missing("bwrap", "bubblewrap") {
        return;
    }
    every_step(IsolationMode::Auto);
}

#[test]
fn every_step_runs_in_its_place_with_rewritten_paths() {
    every_step(IsolationMode::Prefix);
}

#[test]
fn a_step_that_fails_leaves_what_aws_would_have_left() {
    let place = project()
        .file(".platform/hooks/predeploy/10_check.sh", "#!/bin/bash\nset -e\necho 'looking'; test ! -e broken\n");
    let mut stand = Stand::new(&place);
    let mut instance = stand.launch(Settings::default()).unwrap_or_else(|error| stand.fail(&error));
    assert!(instance.health().good());
    let version = |instance: &Instance| {
        let body: serde_json::Value = serde_json::from_str(&get(instance.port(), "/").1).unwrap();
        body["version"].as_str().unwrap().to_owned()
    };

    // Before the flip the old version goes on.
    place.write("version", "two\n");
    place.write("broken", "");
    let bundle = stand.bundle("broken.zip");
    let error = instance.deploy(&bundle, &Settings::default(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("predeploy/10_check.sh"), "{error}");
    let Error::Step { consequence, tail, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*consequence, Failure::KeepsOld);
    assert_eq!(tail, &["looking"]);
    assert_eq!(beansprout::fault::Fault::exit(&error).code(), 5);
    assert_eq!(version(&instance), "one");

    // After it the new version serves, and the deployment has failed all the same.
    std::fs::remove_file(place.path("broken")).unwrap();
    place.write(".platform/hooks/postdeploy/10_check.sh", "#!/bin/bash\nexit 7\n");
    let bundle = stand.bundle("late.zip");
    let error = instance.deploy(&bundle, &Settings::default(), &mut |_| {}).unwrap_err();
    let Error::Step { consequence, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*consequence, Failure::ServesNew);
    assert!(error.to_string().contains("exit status 7"), "{error}");
    assert!(instance.health().good());
    assert_eq!(version(&instance), "two");

    // A file that is no YAML is refused before anything runs.
    place.write(".ebextensions/x.config", "commands:\n\t- tab\n");
    let bundle = stand.bundle("yaml.zip");
    let error = instance.deploy(&bundle, &Settings::default(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("invalid YAML or JSON, at line 2"), "{error}");
    assert_eq!(version(&instance), "two");
}

#[test]
fn the_dependency_file_is_the_one_that_the_platform_takes() {
    // The registry that pip itself asks.
    let ask = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
    let mut command = std::process::Command::new(python());
    let told = command.args(["-c", ask]).output().unwrap();
    let registry = String::from_utf8(told.stdout).unwrap().trim().to_owned();
    let pipfile = |version: &str| {
        format!(
            "[[source]]\nurl = \"{registry}\"\nverify_ssl = true\nname = \"pypi\"\n\n[packages]\nsix = \"=={version}\"\n"
        )
    };
    let lock = r#"{"_meta": {"hash": {"sha256": ""}, "pipfile-spec": 6, "requires": {},
        "sources": [{"name": "pypi", "url": "REGISTRY", "verify_ssl": true}]},
        "default": {"six": {"version": "==1.16.0", "index": "pypi", "hashes": [
            "sha256:1e61c37477a1626458e36f7b1d82aa5c9b094fa4802892072e49de9c60c4c926",
            "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"]}}, "develop": {}}"#
        .replace("REGISTRY", &registry);
    let place = project()
        .file("requirements.txt", "six==1.17.0\n")
        .file("Pipfile.lock", lock)
        .file("Pipfile", pipfile("1.15.0"));
    let mut stand = Stand::new(&place);
    let mut installed = || {
        let instance = stand.launch(Settings::default()).unwrap_or_else(|error| stand.fail(&error));
        drop(instance);
        let lib = stand.home().join("var/app/venv/staging-LQM1lest/lib");
        let python = std::fs::read_dir(lib).unwrap().next().unwrap().unwrap().path();
        let packages = std::fs::read_dir(python.join("site-packages")).unwrap();
        let names = packages.filter_map(|entry| entry.unwrap().file_name().into_string().ok());
        names.filter(|name| name.starts_with("six-")).collect::<Vec<_>>()
    };
    assert_eq!(installed(), ["six-1.17.0.dist-info"]);
    std::fs::remove_file(place.path("requirements.txt")).unwrap();
    assert_eq!(installed(), ["six-1.16.0.dist-info"]);
    std::fs::remove_file(place.path("Pipfile.lock")).unwrap();
    assert_eq!(installed(), ["six-1.15.0.dist-info"]);
}

#[track_caller]
fn rude_hooks(isolation: IsolationMode) {
    #[track_caller]
    fn case(stand: &mut Stand, script: &str, says: &str) {
        stand.place.write(".platform/hooks/prebuild/10_rude.sh", format!("#!/bin/bash\n{script}\n"));
        let mut settings = Settings::default();
        // What ends well has all the time that a busy machine takes.
        let timeout = if says.is_empty() { "600" } else { "10" };
        settings.set("aws:elasticbeanstalk:command", "Timeout", timeout);
        match stand.launch(settings) {
            Ok(instance) => {
                assert_eq!(says, "", "{script}");
                assert!(instance.health().good(), "{script}");
            }
            Err(error) => assert!(!says.is_empty() && error.to_string().contains(says), "{script}: {error}"),
        }
        let left = survivors(&stand.home());
        assert_eq!(left, Vec::<String>::new(), "{script}");
    }
    let place = project();
    let mut stand = Stand::new(&place);
    stand.isolation = isolation;
    // Hangs, and does not want to end.
    case(&mut stand, "trap '' TERM INT HUP; while true; do sleep 1; done", "still running after 10 s");
    // Forks, and leaves its group and its terminal.
    case(&mut stand, "for i in 1 2 3; do (setsid sleep 3000 > /dev/null 2>&1 &); (setsid sleep 3000 &); done", "");
    // Ends who started it.
    case(&mut stand, "kill -9 $PPID; sleep 30", "hook `.platform/hooks/prebuild/10_rude.sh` failed");
    // Writes a gigabyte.
    case(&mut stand, "head -c 1000000000 /dev/zero | tr '\\0' 'x'", "");
    let size: u64 = ["eb-hooks.log", "eb-hooks.log.1"]
        .iter()
        .filter_map(|name| std::fs::metadata(stand.home().join("var/log").join(name)).ok())
        .map(|data| data.len())
        .sum();
    assert!(size < 20_000_000, "{size}");
}

#[test]
fn rude_hooks_are_outlived_in_a_namespace() {
    if missing("bwrap", "bubblewrap") {
        return;
    }
    rude_hooks(IsolationMode::Auto);
}

#[test]
fn rude_hooks_are_outlived_with_rewritten_paths() {
    rude_hooks(IsolationMode::Prefix);
}

#[test]
fn the_built_in_proxy_does_what_the_platform_does() {
    the_proxy(ProxyKind::BuiltIn);
}

#[test]
fn nginx_does_what_the_platform_does() {
    if missing("nginx", "nginx-light") {
        return;
    }
    the_proxy(ProxyKind::Auto);
}

#[track_caller]
fn the_proxy(proxy_kind: ProxyKind) {
    let place = project()
        .file("staticfiles/site.css", "body {}\n")
        .file("static/inner.txt", "by the name of the folder\n")
        .file(".platform/nginx/conf.d/uploads.conf", "client_max_body_size 2k;\n")
        .file(
            ".ebextensions/static.config",
            "option_settings:\n  aws:elasticbeanstalk:environment:proxy:staticfiles:\n    /files: staticfiles\n",
        );
    let mut stand = Stand::new(&place);
    stand.proxy_kind = proxy_kind;
    let instance = stand.launch(Settings::default()).unwrap_or_else(|error| stand.fail(&error));
    assert!(instance.health().good());
    let port = instance.port();
    assert_eq!(get(port, "/files/site.css"), (200, "body {}\n".to_owned()));
    assert_eq!(get(port, "/static/inner.txt").0, 200);
    assert_eq!(get(port, "/files/none.css").0, 404);
    assert!(!get(port, "/files/%2e%2e/server.py").1.contains("import"));
    let post = |length: usize| {
        let body = "x".repeat(length);
        ask(
            port,
            &format!("POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"),
        )
        .0
    };
    assert_eq!(post(2048), 200);
    assert_eq!(post(2049), 413);
    // A process that ends is away for a moment, and comes back.
    let _ = get(port, "/exit");
    let ended = instance.next(std::time::Duration::from_secs(20));
    assert!(matches!(&ended, Some(Event::Ended { process, .. }) if process == "web"), "{ended:?}");
    assert!(instance.health().good(), "{}", stand.log("web.stdout.log"));
}

#[test]
fn the_projects_own_nginx_files_are_used() {
    if missing("nginx", "nginx-light") {
        return;
    }
    let place = project()
        .file(".platform/nginx/conf.d/elasticbeanstalk/hello.conf", "location = /hello { return 200 hello; }\n");
    let mut stand = Stand::new(&place);
    let mut instance = stand.launch(Settings::default()).unwrap_or_else(|error| stand.fail(&error));
    assert!(instance.health().good(), "{:?}", instance.health());
    assert_eq!(get(instance.port(), "/hello"), (200, "hello".to_owned()));
    stand.logged("nginx/access.log", "/hello");
    let (_, body) = get(instance.port(), "/");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["headers"]["host"], format!("localhost:{}", instance.port()));
    assert_eq!(body["headers"]["x-forwarded-for"], "127.0.0.1, 127.0.0.1");

    // A mistake shows when the old version is gone, and the site stays down: as on AWS.
    place.write(".platform/nginx/conf.d/wrong.conf", "location / {}\n");
    let bundle = stand.bundle("wrong.zip");
    let error = instance.deploy(&bundle, &Settings::default(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains(r#""location" directive is not allowed here"#), "{error}");
    let Error::Step { consequence, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*consequence, Failure::Down);
    assert_eq!(get(instance.port(), "/").0, 503);

    // A whole nginx.conf of the project's.
    std::fs::remove_file(place.path(".platform/nginx/conf.d/wrong.conf")).unwrap();
    place.write(
        ".platform/nginx/nginx.conf",
        "user nginx;\npid /var/run/nginx.pid;\nevents {}\nhttp {\n  include /etc/nginx/mime.types;\n  include conf.d/*.conf;\n  \
         map $http_upgrade $connection_upgrade { default upgrade; }\n  server {\n    listen 80;\n    listen [::]:80;\n    \
         location = /own { return 200 own; }\n    include conf.d/elasticbeanstalk/*.conf;\n  }\n}\n",
    );
    let bundle = stand.bundle("own.zip");
    instance.deploy(&bundle, &Settings::default(), &mut |_| {}).unwrap_or_else(|error| stand.fail(&error));
    assert!(instance.health().good(), "{:?}", instance.health());
    assert_eq!(get(instance.port(), "/own"), (200, "own".to_owned()));
    assert_eq!(get(instance.port(), "/hello"), (200, "hello".to_owned()));
}

#[test]
fn containers_run_their_web_process_without_an_engine() {
    #[track_caller]
    fn case(place: &Place, left_out: &[(&str, &str)]) {
        let mut stand = Stand::new(place);
        let instance =
            stand.launch(Settings::default().property("GREETING", "hello")).unwrap_or_else(|error| stand.fail(&error));
        assert!(instance.health().good(), "{:?}\n{}", instance.health(), stand.log("web.stdout.log"));
        let body: serde_json::Value = serde_json::from_str(&get(instance.port(), "/").1).unwrap();
        assert_eq!(body["version"], "migrated", "what comes before the site has run");
        assert_eq!(body["env"]["GREETING"], "hello");
        assert_eq!(body["env"]["FROM"], "the descriptor");
        let told = stand.events.iter().filter_map(|event| match event {
            Event::Unsupported { noun, name, .. } => Some((*noun, name.as_str())),
            _ => None,
        });
        assert_eq!(told.collect::<Vec<_>>(), left_out);
    }
    let place = || {
        Place::new()
            .file("server.py", SERVER)
            .file("version", "")
            .file("beansprout.toml", "[project]\nname = \"site\"\n")
    };
    let docker = place()
        .file("Dockerfile", "FROM python\nENV FROM=\"the descriptor\"\nRUN apt-get install x\nEXPOSE 8000\nCMD [\"python\", \"server.py\"]\n")
        .file(
            "docker-compose.yml",
            "services:\n  migrate:\n    command: sh -c 'echo migrated > version'\n  web:\n    build: .\n    depends_on:\n      migrate:\n        \
             condition: service_completed_successfully\n    ports: ['80:8000']\n  redis:\n    image: redis\n",
        );
    case(&docker, &[("image step", "apt-get install x"), ("container", "redis"), ("containers", "docker-compose.yml")]);
    let ecs = place().file(
        "Dockerrun.aws.json",
        r#"{"AWSEBDockerrunVersion": 2, "containerDefinitions": [{"name": "nginx", "image": "nginx"}, {"name": "web",
            "command": ["sh", "-c", "echo migrated > version && exec python server.py"],
            "environment": [{"name": "FROM", "value": "the descriptor"}]}]}"#,
    );
    case(&ecs, &[("container", "nginx"), ("containers", "Dockerrun.aws.json")]);
}

#[test]
fn the_health_check_explains_the_classic_failures() {
    let place = project();
    let mut stand = Stand::new(&place);
    #[track_caller]
    fn case(stand: &mut Stand, version: &str, status: u16, rule: Option<&str>, says: &str) -> Vec<String> {
        stand.place.write("version", version);
        let instance = stand.launch(Settings::default()).unwrap_or_else(|error| stand.fail(&error));
        let health = instance.health();
        assert_eq!(health.answer, beansprout::sandbox::instance::Answer::Status(status));
        let finding = health.finding.unwrap();
        let text = format!("{} {} {}", finding.what, finding.advice(), finding.tail.join("\n"));
        assert!(text.contains(says), "{text}");
        assert_eq!(finding.rule, rule, "{text}");
        assert!(rule.is_none_or(|rule| text.contains(&format!("beansprout explain {rule}"))), "{text}");
        instance.open_to_others()
    }
    // Django's `DisallowedHost`, and `SECURE_SSL_REDIRECT`.
    case(&mut stand, "strict", 400, Some("EB010"), "refuses the host name");
    case(&mut stand, "https", 301, Some("EB012"), "plain HTTP is sent to https");
    case(&mut stand, "login", 302, None, "leads to `/login/`");
    let open = case(&mut stand, "missing", 404, None, "no such page");
    assert_eq!(open, Vec::<String>::new());
    // Another port than the proxy asks, and one that the whole network can reach.
    let open = case(&mut stand, "elsewhere", 502, Some("EB004"), "listens on port");
    assert!(open[0].contains("` listens on 0.0.0.0:") && open[0].contains("open to the network"), "{open:?}");
    // Nothing to import.
    place.write("server.py", "import nothing_of_this_name\n");
    case(&mut stand, "one", 502, Some("EB002"), "No module named 'nothing_of_this_name'");
}

/// Processes that carry the mark of this instance.
fn survivors(home: &std::path::Path) -> Vec<String> {
    processes_with(&format!("BEANSPROUT_INSTANCE={}", home.canonicalize().unwrap().display()))
}

#[test]
fn a_bundle_is_served() {
    let place = project();
    let mut stand = Stand::new(&place);
    let instance = stand.launch(Settings::default().property("GREETING", "hello world")).unwrap();
    assert!(instance.health().good(), "{:?}\n{}", instance.health(), stand.log("web.stdout.log"));
    let (status, body) = get(instance.port(), "/page?x=1");
    assert_eq!(status, 200);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["path"], "/page?x=1");
    assert_eq!(body["version"], "one");
    assert_eq!(body["env"]["GREETING"], "hello world");
    assert_eq!(body["env"].get("LEAK"), None);
    assert_eq!(body["headers"]["x-forwarded-proto"], "http");
    assert_eq!(body["headers"]["host"], format!("localhost:{}", instance.port()));
}
