//! A worker on this machine: `up` runs it, `post` gives it messages, and its daemon posts them as `aws-sqsd` would.

use serde_json::Value;

use crate::harness::{Place, Running};

/// Writes down what it is sent, and answers with the status that the message asks for.
const SERVER: &str = r#"
import http.server, json, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        print("posted " + json.dumps({"path": self.path, "body": body, "headers": headers}), flush=True)
        self.answer(int(body) if body.isdigit() else 200)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, text, *values):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#;

fn worker() -> Place {
    Place::new()
        .file("beansprout.toml", "[project]\nname = \"jobs\"\n")
        .file("Procfile", "web: python server.py\n")
        .file("server.py", SERVER)
        .file("cron.yaml", "version: 1\ncron:\n  - {name: nightly, url: /nightly/, schedule: '15 3 * * *'}\n")
        .file(
            ".ebextensions/queue.config",
            "option_settings:\n  aws:elasticbeanstalk:sqsd:\n    HttpPath: /tasks/\n    ErrorVisibilityTimeout: \"0\"\n    MaxRetries: \"3\"\n",
        )
}

/// What the worker was sent, oldest first.
fn posted(place: &Place) -> Vec<Value> {
    let log = place.read(".beansprout/instance/var/log/web.stdout.log");
    log.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("posted ")?).ok()).collect()
}

fn up(place: &Place) -> Running {
    let mut up = place.start(["up", "--port", "0"]);
    up.wait_for("Ctrl-C ends it");
    up
}

#[test]
fn messages_and_tasks_reach_the_worker_as_on_aws() {
    let place = worker();
    let run = place.run(["post", "--body", "x"]).exit(3);
    assert!(run.stderr.contains("no worker runs") && run.stderr.contains("`beansprout up`"), "{run}");
    let mut running = up(&place);

    let run = place.run(["post", "--body", r#"{"task": "a"}"#, "--attribute", "Kind=test", "--json"]).ok();
    let answer = run.document("post/1");
    assert_eq!((&answer["done"], &answer["status"], &answer["received"]), (&true.into(), &200.into(), &1.into()));
    let [sent] = &posted(&place)[..] else { panic!("{:?}", posted(&place)) };
    assert_eq!((&sent["path"], &sent["body"]), (&"/tasks/".into(), &r#"{"task": "a"}"#.into()));
    let headers = &sent["headers"];
    assert_eq!(headers["x-aws-sqsd-msgid"], answer["id"]);
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-aws-sqsd-queue", "beansprout-worker-queue"),
        ("x-aws-sqsd-receive-count", "1"),
        ("x-aws-sqsd-attr-kind", "test"),
        // Of the instance's own proxy, which the daemon asks: there is no balancer.
        ("x-forwarded-for", "127.0.0.1"),
    ] {
        assert_eq!(headers[name], value, "{sent}");
    }
    assert!(headers["user-agent"].as_str().unwrap().starts_with("aws-sqsd/"), "{sent}");
    assert!(headers["x-aws-sqsd-first-received-at"].as_str().unwrap().ends_with('Z'), "{sent}");

    // A periodic task has its own path and its name.
    place.write("message.json", "{}");
    place.run(["post", "message.json"]).ok();
    place.run(["post", "--task", "nightly"]).ok();
    let sent = posted(&place).pop().unwrap();
    assert_eq!(sent["path"], "/nightly/");
    assert_eq!(sent["headers"]["x-aws-sqsd-taskname"], "nightly");
    assert!(sent["headers"]["x-aws-sqsd-scheduled-at"].is_string(), "{sent}");
    assert_eq!(sent["body"], "elasticbeanstalk scheduled job");
    let run = place.run(["post", "--task", "hourly"]).exit(2);
    assert!(run.stderr.contains("no task `hourly`") && run.stderr.contains("it has `nightly`"), "{run}");

    // Only 200 takes a message off the queue; after the last try it is a dead letter.
    let run = place.run(["post", "--body", "503"]).exit(1);
    assert!(run.stdout.contains("answered 503; the message comes back in 0 s (try 1 of 3)"), "{run}");
    running.wait_for("answered 503; the message is a dead letter after 3 tries");
    let counts: Vec<Value> =
        posted(&place).iter().rev().take(3).map(|sent| sent["headers"]["x-aws-sqsd-receive-count"].clone()).collect();
    assert_eq!(counts, ["3", "2", "1"]);
    assert_eq!(std::fs::read_dir(place.path(".beansprout/instance/queue/dead")).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(place.path(".beansprout/instance/queue/messages")).unwrap().count(), 0);

    let large = "x".repeat(1_100_000);
    place.write("large.txt", large);
    let run = place.run(["post", "large.txt"]).exit(2);
    assert!(run.stderr.contains("SQS takes 1048576"), "{run}");
    running.signal("INT");
    assert_eq!(running.finish(), 130);
    place.run(["post", "--body", "x"]).exit(3);
}

#[test]
fn the_generated_worker_does_its_tasks() {
    let place = Place::new();
    place.run(["new", "jobs", "--stack", "worker", "--defaults"]).ok();
    let place = place.enter("jobs");
    let mut running = up(&place);
    place.run(["post", "--task", "clear-sessions"]).ok();
    place.run(["post", "--body", r#"{"task": "clear-sessions"}"#]).ok();
    let run = place.run(["post", "--body", r#"{"task": "no-such-task"}"#]).exit(1);
    assert!(run.stdout.contains("the worker answered 404"), "{run}");
    running.wait_for("answered 404");
}
