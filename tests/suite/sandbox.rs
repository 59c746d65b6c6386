//! `beansprout sandbox`: where it listens, whom it answers, and what survives it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::process::Stdio;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use beansprout::sandbox::{Injection, Rule, Server, Settings, Speed};
use beansprout::world::World;
use jiff::Timestamp;

use crate::boto3::{client, script};
use crate::harness::{Place, Running};
use crate::terminal::Terminal;

/// A sandbox on a free port, and its endpoint.
pub(crate) fn start(place: &Place, arguments: &[&str]) -> (Running, String) {
    let mut all = vec!["sandbox", "--port", "0", "--state", "state", "--speed", "instant"];
    all.extend(arguments);
    let mut running = place.start(all);
    let endpoint = running.wait_for("export AWS_ENDPOINT_URL=");
    (running, endpoint)
}

/// This goes wrong at calls of `on`, so many times after so many.
pub(crate) fn rule(on: &str, fault: Injection, skip: usize, times: u32) -> Rule {
    let (skip, times) = (u32::try_from(skip).unwrap(), NonZeroU32::new(times).unwrap());
    Rule { on: on.to_owned(), with: BTreeMap::new(), fault, skip, times, seconds: 3600 }
}

/// Tell a sandbox something, as JSON.
#[track_caller]
pub(crate) fn post(endpoint: &str, path: &str, json: &str) -> String {
    let head = format!("POST {path} HTTP/1.1\nHost: localhost\nConnection: close\nContent-Type: application/json");
    raw(endpoint, &format!("{head}\nContent-Length: {}\n\n{json}", json.len()))
}

/// What has still to go wrong.
#[track_caller]
pub(crate) fn faults_left(endpoint: &str) -> String {
    raw(endpoint, "GET /-/faults HTTP/1.1\nHost: localhost\nConnection: close\n\n")
}

/// One HTTP request, byte for byte, and the whole answer.
#[track_caller]
pub(crate) fn raw(endpoint: &str, request: &str) -> String {
    let address = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.replace('\n', "\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_taken_port_is_a_usage_error() {
    let place = Place::new();
    let (_running, endpoint) = start(&place, &[]);
    let port = endpoint.rsplit(':').next().unwrap();
    let run = place.run(["sandbox", "--port", port, "--state", "other"]).exit(2);
    assert!(run.stderr.contains(&format!("error: port {port} is taken")), "{run}");
    assert!(run.stderr.contains("--port"), "{run}");
}

#[test]
fn a_mistyped_region_is_told_before_anything_is_done() {
    let place = crate::publish::project();
    for (region, words) in [
        ("eu-south-9", "warning: no region `eu-south-9` is known here; did you mean `eu-south-1`?"),
        ("nowhere", "warning: no region `nowhere` is known here\n"),
    ] {
        let run = place.run(["versions", "--sandbox", "--region", region]);
        assert!(run.stderr.starts_with(words), "{run}");
        assert_eq!(run.stderr.matches("warning: ").count(), 1, "{run}");
    }
    let run = place.run(["versions", "--sandbox", "--region", "af-south-1"]);
    assert!(!run.stderr.contains("warning: "), "{run}");
}

#[test]
fn a_state_of_the_future_is_left_alone() {
    let text = r#"{"version": 99}"#;
    let place = Place::new().file("state/state.json", text);
    let run = place.run(["sandbox", "--port", "0", "--state", "state"]).exit(3);
    assert!(run.stderr.contains("newer beansprout"), "{run}");
    assert!(run.stderr.contains("hint:"), "{run}");
    assert_eq!(place.read("state/state.json"), text);
}

#[test]
fn signals_end_it() {
    let place = Place::new();
    for signal in ["INT", "TERM"] {
        let (running, _) = start(&place, &[]);
        running.signal(signal);
        assert_eq!(running.finish(), 130);
    }
}

#[test]
fn its_last_line_says_what_stays_and_stands_alone() {
    let place = Place::new();
    let mut terminal = Terminal::run(&place, 200, &["sandbox", "--port", "0", "--state", "state"]);
    terminal.sees("Ctrl-C ends it").types("\x03");
    let (exit, seen) = terminal.ends();
    assert_eq!(exit, 130, "{seen}");
    // After what the terminal itself wrote for the key.
    assert!(seen.contains("^C\r\nthe sandbox has ended; what it holds stays in `"), "{seen}");
}

#[test]
fn only_programs_of_this_machine_are_answered() {
    let place = Place::new();
    let (_running, endpoint) = start(&place, &[]);
    let case = |headers: &str, status: &str| {
        let answer = raw(&endpoint, &format!("GET / HTTP/1.1\n{headers}Connection: close\n\n"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{headers}{answer}");
        assert!(!answer.to_lowercase().contains("access-control"), "{answer}");
    };
    // A name that an attacker made resolve to 127.0.0.1.
    case("Host: attacker.example\n", "403");
    case("Host: 127.0.0.1.attacker.example\n", "403");
    case("Host: localhost\nOrigin: http://attacker.example\n", "403");
    case("Host: localhost\nOrigin: null\n", "403");
}

#[test]
fn an_unsigned_request_is_refused_in_the_right_form() {
    let place = Place::new();
    let (_running, endpoint) = start(&place, &[]);
    let form = "POST / HTTP/1.1\nHost: localhost\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 0\n\
                Connection: close\n\n";
    let answer = raw(&endpoint, form);
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("<Code>MissingAuthenticationToken</Code>"), "{answer}");
    let answer = raw(&endpoint, "GET /bucket/key HTTP/1.1\nHost: localhost\nConnection: close\n\n");
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("<Code>AccessDenied</Code>"), "{answer}");
}

#[test]
fn nothing_listens_outside_loopback() {
    let place = Place::new();
    let (running, endpoint) = start(&place, &[]);
    let port: u16 = endpoint.rsplit(':').next().unwrap().parse().unwrap();
    let listening = |table: &str| {
        let text = std::fs::read_to_string(format!("/proc/{}/net/{table}", running.id())).unwrap_or_default();
        let lines = text.lines().skip(1).filter_map(|line| {
            let mut fields = line.split_whitespace();
            let local = fields.nth(1)?.to_owned();
            let state = fields.nth(1)?.to_owned();
            (state == "0A" && local.ends_with(&format!(":{port:04X}"))).then_some(local)
        });
        lines.collect::<Vec<_>>()
    };
    assert_eq!(listening("tcp"), [format!("0100007F:{port:04X}")]);
    assert!(listening("tcp6").is_empty());
}

#[test]
fn at_real_speed_things_take_the_time_that_they_take_on_aws() {
    // The sandbox's clock is the test's: nobody waits.
    static NOW: AtomicI64 = AtomicI64::new(1_767_225_600);
    let world = World::real().unwrap().with_clock(|| Timestamp::from_second(NOW.load(Ordering::SeqCst)).unwrap());
    let place = Place::new();
    let settings = Settings { speed: Speed::Real, ..Settings::new(&world, place.path("state")) };
    let server = Server::start(settings).unwrap();
    let step = |seconds: i64, word: &str| {
        NOW.fetch_add(seconds, Ordering::SeqCst);
        script(&place, &server.endpoint(), &["speed.py", word]);
    };
    step(0, "create");
    step(5, "launch");
    step(172, "launching");
    step(1, "launched");
    step(0, "terminate");
    step(142, "terminating");
    step(1, "terminated");
}

#[test]
fn a_state_survives_a_death_at_any_instant_and_two_servers() {
    let place = Place::new();
    for round in 0..5_u64 {
        let (running, endpoint) = start(&place, &[]);
        let mut hammer = client(&place, &endpoint, &["hammer.py", "until-killed", &format!("round{round}"), "100000"]);
        let mut hammer = hammer.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(hammer.stdout.take().unwrap()).lines();
        lines.next().unwrap().unwrap();
        std::thread::sleep(Duration::from_millis(17 * round));
        running.signal("KILL");
        running.finish();
        lines.for_each(drop);
        assert!(hammer.wait().unwrap().success());
    }
    let (_one, endpoint) = start(&place, &[]);
    let (_other, second) = start(&place, &[]);
    script(&place, &endpoint, &["hammer.py", "check", "", "5"]);
    let at_once = [(&endpoint, "one"), (&second, "other")].map(|(endpoint, name)| {
        client(&place, endpoint, &["hammer.py", "write", name, "20"]).stdout(Stdio::null()).spawn().unwrap()
    });
    for mut writer in at_once {
        assert!(writer.wait().unwrap().success());
    }
    script(&place, &endpoint, &["hammer.py", "check", "", "45"]);
}

#[test]
fn the_answer_is_documented() {
    let place = Place::new();
    let mut command = place.command("timeout");
    command.args(["--signal=INT", "2", env!("CARGO_BIN_EXE_beansprout")]);
    command.args(["--json", "sandbox", "--port", "0", "--state", "state"]);
    let run = place.finish(command);
    let document = run.document("sandbox/1");
    assert_eq!(document["environment"]["AWS_ENDPOINT_URL"], document["endpoint"]);
}

#[test]
fn a_mistyped_fault_stops_the_start() {
    let place = Place::new().file("faults.json", r#"[{"on": "PutObject", "fault": "boom"}]"#);
    let run = place.run(["sandbox", "--port", "0", "--state", "state", "--faults", "faults.json"]).exit(3);
    assert!(run.stderr.contains("`boom`"), "{run}");
}

#[test]
fn the_page_shows_what_is_there() {
    let seed = r#"[
        {"operation": "PutObject", "parameters": {"Bucket": "bundles", "Key": "shop/1.zip", "File": "bundle.zip"}},
        {"operation": "CreateApplicationVersion", "parameters": {
            "ApplicationName": "shop", "VersionLabel": "v<1>", "AutoCreateApplication": true,
            "SourceBundle": {"S3Bucket": "bundles", "S3Key": "shop/1.zip"}}},
        {"operation": "CreateEnvironment", "parameters": {
            "ApplicationName": "shop", "EnvironmentName": "shop-prod", "VersionLabel": "v<1>", "CNAMEPrefix": "shop",
            "SolutionStackName": "64bit Amazon Linux 2023 v4.13.7 running Python 3.13",
            "Tags": [{"Key": "team", "Value": "web"}]}}
    ]"#;
    let place = Place::new().file("seed/seed.json", seed).file("seed/bundle.zip", "zip");
    // Twice: what is there already is not made again.
    for _ in 0..2 {
        let (_running, endpoint) = start(&place, &["--seed", "seed/seed.json"]);
        let answer = raw(&endpoint, "GET / HTTP/1.1\nHost: localhost\nConnection: close\n\n");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        for text in ["<h2>shop</h2>", "shop-prod", "Green", "v&lt;1&gt;", "s3://bundles/shop/1.zip"] {
            assert!(answer.contains(text), "no {text} in {answer}");
        }
        assert!(answer.contains("default-src 'none'"), "{answer}");
        assert!(answer.contains("<meta http-equiv=refresh content=5>"), "{answer}");
        assert!(!answer.contains("<a href"), "nothing runs here\n{answer}");
        assert!(!answer.contains("<script") && !answer.contains("<link") && !answer.contains("<img"), "{answer}");
    }
}

#[test]
fn a_seed_that_is_refused_stops_the_start() {
    let seed = r#"[{"operation": "CreateApplication", "parameters": {"ApplicationName": ""}}]"#;
    let place = Place::new().file("seed.json", seed);
    let run = place.run(["sandbox", "--port", "0", "--state", "state", "--seed", "seed.json"]).exit(3);
    assert!(run.stderr.contains("`CreateApplication`, call 1 of"), "{run}");
}
