//! `tour`: the main job from an empty folder to a running site.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::Place;

#[test]
fn a_tour_ends_with_a_registered_version_and_a_second_one_goes_on() {
    let place = Place::new();
    let first = place.run(["tour", "--no-serve", "--json"]).ok();
    let document = first.document("tour/1");
    assert_eq!(document["findings"], 0, "{first}");
    assert_eq!(document["status"], "processed");
    assert_eq!((&document["uploaded"], &document["registered"]), (&true.into(), &true.into()));
    for step in ["1/6 new", "2/6 check", "3/6 package", "4/6 sandbox", "5/6 publish", "6/6 versions"] {
        assert!(first.stderr.contains(step), "no {step}:\n{first}");
    }
    assert!(first.stderr.contains("the same digest, and the same bytes"), "{first}");
    // Whoever types them stands outside.
    assert!(first.stderr.contains("$ beansprout new beansprout-tour --defaults"), "{first}");
    assert!(first.stderr.contains("$ beansprout -C beansprout-tour publish --sandbox"), "{first}");
    assert!(place.exists("beansprout-tour/manage.py"));

    let second = place.run(["tour", "--no-serve", "--json"]).ok();
    let again = second.document("tour/1");
    assert_eq!(again["label"], document["label"]);
    assert_eq!((&again["uploaded"], &again["registered"]), (&false.into(), &false.into()));
}

/// A tour tells what `publish` tells: a word that one of the two learns is the other's too, but for what only flags bring.
#[test]
fn a_tour_tells_what_publish_tells() {
    let schema = |name: &str| {
        let path = format!("{}/docs/schema/{name}-1.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str::<serde_json::Value>(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let (publish, tour) = (schema("publish"), schema("tour"));
    for (name, said) in publish["properties"].as_object().unwrap() {
        if !["schema", "check", "deployment"].contains(&name.as_str()) {
            assert_eq!(&tour["properties"][name], said, "{name}");
        }
    }
}

#[test]
fn a_tour_leaves_other_folders_alone() {
    let place = Place::new().file("mine/notes.txt", "precious");
    place.run(["tour", "mine", "--no-serve"]).exit(3);
    assert_eq!(place.read("mine/notes.txt"), "precious");
    assert!(!place.exists("mine/manage.py"));
}

#[test]
fn without_python_everything_up_to_serving_works() {
    let place = Place::new();
    let mut command = place.beansprout(["tour"]);
    command.env("PATH", place.path("nothing-here"));
    let run = place.finish(command).exit(3);
    assert!(run.stderr.contains("is processed"), "{run}");
    assert!(run.stderr.contains("apt install python3-venv"), "{run}");
}

#[test]
fn the_site_of_the_tour_answers() {
    let place = Place::new();
    let mut tour = place.start(["tour", "--port", "0"]);
    let url = tour.wait_for("runs at ");
    let authority = url.trim_start_matches("http://").trim_end_matches('/').to_owned();

    let page = get(&authority, "/", &authority);
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("It grows!"), "{page}");

    // The balancer's health check names the instance's address, which is in no ALLOWED_HOSTS.
    let health = get(&authority, "/health/", "172.31.0.10");
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    let foreign = get(&authority, "/", "evil.example");
    assert!(foreign.starts_with("HTTP/1.1 400"), "{foreign}");

    let (_, rest) = page.split_once("rel=\"stylesheet\" href=\"").unwrap();
    let css = get(&authority, rest.split('"').next().unwrap(), &authority);
    assert!(css.starts_with("HTTP/1.1 200"), "{css}");
    assert!(css.to_ascii_lowercase().contains("content-type: text/css"), "{css}");

    tour.signal("INT");
    assert_eq!(tour.finish(), 130);
    assert!(TcpStream::connect(&authority).is_err(), "something still listens");
}

fn get(authority: &str, path: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
