//! `up`: from a folder to a site that answers, and to nothing left when it ends.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::{Place, Running, missing, open_to_others, processes_with};

const SERVER: &str = r#"
import http.server, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (open("page").read() + os.environ.get("GREETING", "") + os.environ["SECRET_KEY"][:6]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#;

fn site() -> Place {
    Place::new()
        .file("beansprout.toml", "[project]\nname = \"site\"\n")
        .file("Procfile", "web: python server.py\n")
        .file("server.py", SERVER)
        .file("page", "one ")
}

fn get(url: &str) -> String {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn url(running: &mut Running) -> String {
    running.wait_for("runs at ")
}

#[test]
fn the_registered_object_runs_until_ctrl_c() {
    let place = site().file("local.env", "# for this machine\nGREETING=from the file\n");
    let arguments = ["up", "--port", "0", "--env-file", "local.env", "--env", "SECRET_KEY=abcdef"];
    let mut up = place.start(arguments);
    let url = url(&mut up);
    let answer = get(&url);
    assert!(answer.ends_with("one from the fileabcdef"), "{answer}");
    // What runs is what `versions` lists.
    let versions = place.run(["versions", "--sandbox", "--json"]).ok();
    assert!(versions.stdout.contains("site-"), "{versions}");
    up.signal("INT");
    assert_eq!(up.finish(), 130);
    let home = place.path(".beansprout/instance").canonicalize().unwrap();
    assert_eq!(survivors(&home.to_string_lossy()), Vec::<String>::new());
}

#[test]
fn what_asks_for_every_interface_gets_loopback_and_a_sudden_death_leaves_nothing_for_long() {
    let place = site()
        .file("Procfile", "web: python server.py --bind 0.0.0.0:8000\nother: python -m http.server --bind 0.0.0.0 0\n");
    // Without a namespace, nothing but the next start ends what is left.
    let mut proxy = None;
    for isolation in ["prefix", "auto"] {
        let mut up = place.start(["up", "--port", "0", "--isolation", isolation]);
        let address = url(&mut up);
        assert!(get(&address).contains("one "));
        let home = place.path(".beansprout/instance").canonicalize().unwrap();
        let mark = format!("BEANSPROUT_INSTANCE={}", home.display());
        assert!(processes_with(&mark).len() >= 2, "{:?}", processes_with(&mark));
        assert_eq!(open_to_others(&mark), Vec::<String>::new());
        // nginx writes its title over its variables, the mark among them.
        if isolation == "prefix" {
            proxy = std::fs::read_to_string(home.join("var/proxy/staging/nginx/nginx.pid")).ok();
        }
        up.signal("KILL");
        up.finish();
    }
    let mut up = place.start(["up", "--port", "0"]);
    let address = url(&mut up);
    assert!(get(&address).contains("one "));
    up.signal("INT");
    assert_eq!(up.finish(), 130);
    let home = place.path(".beansprout/instance").canonicalize().unwrap();
    assert_eq!(survivors(&home.to_string_lossy()), Vec::<String>::new());
    if !missing("nginx", "nginx-light") {
        let process = format!("/proc/{}/cmdline", proxy.expect("nginx wrote its number").trim());
        let title = std::fs::read_to_string(process).unwrap_or_default();
        assert!(!title.contains(&*home.to_string_lossy()), "{title}");
    }
}

#[test]
fn the_browser_is_opened_at_the_site() {
    use std::os::unix::fs::PermissionsExt;
    let place = site();
    place.write("../browser.sh", "#!/bin/sh\necho \"$1\" > opened.txt\n");
    let script = place.path("../browser.sh").canonicalize().unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let place = place.var("BROWSER", script.to_str().unwrap());
    let mut up = place.start(["up", "--port", "0", "--open"]);
    let address = url(&mut up);
    let opened = || std::fs::read_to_string(place.path("opened.txt")).unwrap_or_default();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while opened().trim().is_empty() && std::time::Instant::now() < end {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(opened().trim(), address);
}

#[test]
fn a_change_is_deployed_while_watching() {
    let place = site();
    let mut up = place.start(["up", "--port", "0", "--watch", "--json"]);
    up.wait_for("watching the project");
    place.write("page", "two ");
    let url = url(&mut up);
    assert!(get(&url).contains("two "));
    // A version that cannot be deployed is told, and the one before goes on.
    place.write(".platform/hooks/prebuild/10_no.sh", "#!/bin/bash\nexit 1\n");
    up.wait_for("10_no.sh` failed");
    assert!(get(&url).contains("two "));
    std::fs::remove_file(place.path(".platform/hooks/prebuild/10_no.sh")).unwrap();
    place.write("page", "three ");
    up.wait_for("runs at ");
    assert!(get(&url).contains("three "));
}

#[test]
fn what_comes_from_another_folder_is_watched_too() {
    let place = site().var("BEANSPROUT_INCLUDE_OUTSIDE", "1");
    place.write("../shared/page", "one ");
    place.write("beansprout.toml", "[project]\nname = \"site\"\n[bundle.include]\n\"templates\" = \"../shared\"\n");
    place.write("server.py", SERVER.replace("open(\"page\")", "open(\"templates/page\")"));
    let mut up = place.start(["up", "--port", "0", "--watch", "--json"]);
    up.wait_for("watching the project");
    place.write("../shared/page", "two ");
    let url = url(&mut up);
    assert!(get(&url).contains("two "));
}

#[test]
fn a_hook_that_waits_in_vain_shows_what_the_process_said() {
    let place =
        site().file("server.py", "import os\nprint('about to look', flush=True)\nos.environ['API_TOKEN']\n").file(
            ".platform/hooks/postdeploy/90_ready.sh",
            "#!/bin/bash\nfor _ in 1 2 3 4; do echo not yet; sleep 0.5; done\nexit 1\n",
        );
    let run = place.run(["up", "--port", "0"]).exit(5);
    assert!(run.stderr.contains("  | web.stdout.log: KeyError: 'API_TOKEN'"), "{run}");
    assert!(run.stderr.contains("`beansprout up --env API_TOKEN=VALUE`"), "{run}");
    assert_eq!(run.stderr.matches("| not yet").count(), 1, "{run}");
}

#[test]
fn a_deployment_that_fails_is_exit_5() {
    let place = site()
        .file(".ebextensions/x.config", "container_commands:\n  01_migrate:\n    command: echo no database; exit 4\n");
    let run = place.run(["up", "--port", "0"]).exit(5);
    assert!(
        run.stderr.contains("failed at `PostBuildEbExtension`: command `01_migrate` failed: exit status 4"),
        "{run}"
    );
    assert!(run.stderr.contains("  | no database"), "{run}");
    let home = place.path(".beansprout/instance").canonicalize().unwrap();
    assert_eq!(survivors(&home.to_string_lossy()), Vec::<String>::new());
}

#[test]
fn without_python_the_last_step_says_what_to_install() {
    let place = site();
    let mut up = place.beansprout(["up", "--port", "0"]);
    up.env("PATH", "/nonexistent");
    let run = place.finish(up).exit(3);
    assert!(run.stderr.contains("registering `site-"), "{run}");
    assert!(run.stderr.contains("python3-venv"), "{run}");
}

#[test]
fn a_port_in_use_is_a_usage_error() {
    let place = site();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = place.run(["up", "--port", &port]).exit(2);
    assert!(run.stderr.contains(&format!("port {port} is taken")), "{run}");
}

fn survivors(home: &str) -> Vec<String> {
    processes_with(&format!("BEANSPROUT_INSTANCE={home}"))
}
