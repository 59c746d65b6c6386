//! Documents that are written by one run and read by another, when they are not what was written: empty, cut off, of another
//! version, of other types. Each reader says so or does without, and nothing is lost.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::deploy::{STATE, Scene};
use crate::harness::Place;
use crate::launch::writes;
use crate::publish::calls;
use crate::{prune, swap};

/// What has become of a document that was right, in words; one for each of its fields too.
fn damaged(text: &str) -> Vec<(String, Vec<u8>)> {
    let document: Value = serde_json::from_str(text).unwrap();
    let fields = document.as_object().unwrap();
    let mut all: Vec<(String, Vec<u8>)> = [
        ("empty", ""),
        ("without fields", "{}"),
        ("a list", "[]"),
        ("nothing", "null"),
        ("cut in the middle", &text[..text.len() / 2]),
        ("without its end", &text[..text.trim_end().len() - 1]),
    ]
    .map(|(what, text)| (what.to_owned(), text.as_bytes().to_vec()))
    .into();
    all.push(("no text".to_owned(), vec![b'{', 0xff, 0xfe, b'}']));
    for (name, value) in fields {
        let mut other = fields.clone();
        other[name] = if value.is_object() { json!(7) } else { json!({ "of": "another type" }) };
        all.push((format!("`{name}` of another type"), Value::from(other).to_string().into_bytes()));
    }
    all
}

/// A document with a field that this version does not know: at its top, then in each object that it holds.
fn later(text: &str) -> Vec<(String, Vec<u8>)> {
    let document: Value = serde_json::from_str(text).unwrap();
    let mut places = Vec::new();
    objects(&document, "", &mut places);
    let grown = |place: String| {
        let mut document = document.clone();
        document.pointer_mut(&place).unwrap()["much_later"] = json!(true);
        (format!("of a later version, in `{place}`"), document.to_string().into_bytes())
    };
    places.into_iter().map(grown).collect()
}

/// Where objects are, the outer ones first; of a list the first one.
fn objects(value: &Value, at: &str, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            places.push(at.to_owned());
            fields.iter().for_each(|(name, value)| objects(value, &format!("{at}/{name}"), places));
        }
        Value::Array(all) => all.iter().take(1).for_each(|value| objects(value, &format!("{at}/0"), places)),
        _ => {}
    }
}

/// The bytes of an object in the sandbox's folder, and what is said of them.
fn object(place: &Place, key: &str) -> (PathBuf, PathBuf) {
    let buckets = std::fs::read_dir(place.path(STATE).join("buckets")).unwrap().map(|entry| entry.unwrap().path());
    for bucket in buckets.filter(|path| path.is_dir()) {
        for path in std::fs::read_dir(bucket.join("objects")).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            let object: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            if object["key"].as_str().unwrap().contains(key) {
                return (path, bucket.join("blobs").join(object["blob"].as_str().unwrap()));
            }
        }
    }
    panic!("no object `{key}`");
}

/// Let an object hold other bytes, while nobody serves it.
fn put(place: &Place, key: &str, bytes: &[u8]) {
    let (path, blob) = object(place, key);
    std::fs::write(&blob, bytes).unwrap();
    let mut object: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    object["bytes"] = bytes.len().into();
    object["sums"] = json!({ "values": {}, "composite": false });
    std::fs::write(&path, object.to_string()).unwrap();
}

#[test]
fn a_file_that_is_no_document_is_refused_by_its_name() {
    let (scene, versions) = prune::scene();
    let server = scene.server(Vec::new());
    scene.run(&server, &["prune", "--keep", "1", "--delete-bundles", "--plan", "../plan.json"]).ok();
    scene.run(&server, &["publish", "--release", "../release.json"]).ok();
    let pruned = scene.run(&server, &["prune", "--keep", "2", "--apply", "--json"]).ok().json();
    let undo = pruned["undo"].as_str().unwrap().replace("[DIR]/", "");
    assert_eq!(pruned["deleted"], json!([versions[1]]));
    scene.place.write("environments/shop-next.toml", "format = \"beansprout.environment/1\"\napplication = \"next\"\n");
    let readers: [(&str, &[&str]); 3] = [
        ("../plan.json", &["prune", "--apply", "--plan", "../plan.json"]),
        (&undo, &["publish", "--undo", &undo]),
        ("../release.json", &["promote", "../release.json", "--to", "shop-next"]),
    ];
    for (path, reader) in readers {
        let text = scene.place.read(path);
        for (what, bytes) in damaged(&text).into_iter().chain(later(&text)) {
            scene.place.write(path, &bytes);
            calls(&scene.place, STATE);
            let run = scene.run(&server, reader);
            assert_eq!(run.exit, 3, "{path}, {what}\n{run}");
            let name = path.rsplit('/').next().unwrap();
            assert!(run.stderr.contains(name) && run.stderr.contains("hint: "), "{path}, {what}\n{run}");
            assert_eq!(writes(&calls(&scene.place, STATE)), Vec::<&str>::new(), "{path}, {what}");
            assert_eq!(std::fs::read(scene.place.path(path)).unwrap(), bytes, "{path}, {what}");
        }
        scene.place.write(path, text);
    }
    scene.run(&server, &["publish", "--undo", &undo]).ok();
}

/// A record that nobody can read may need any bundle.
#[test]
fn no_bundle_is_deleted_beside_a_record_that_cannot_be_read() {
    let (scene, _) = prune::scene();
    let server = scene.server(Vec::new());
    let pruned = scene.run(&server, &["prune", "--keep", "2", "--apply", "--json"]).ok().json();
    let undo = pruned["undo"].as_str().unwrap().replace("[DIR]/", "");
    let text = scene.place.read(&undo);
    let prune = ["prune", "--keep", "1", "--keep-deployed", "0", "--delete-bundles"];
    for (what, bytes) in damaged(&text).into_iter().chain(later(&text)) {
        scene.place.write(&undo, bytes);
        calls(&scene.place, STATE);
        let run = scene.run(&server, &[&prune[..], &["--apply"]].concat()).exit(3);
        let name = undo.rsplit('/').next().unwrap();
        assert!(run.stderr.contains(&format!("{name}` cannot be read")), "{what}\n{run}");
        assert_eq!(writes(&calls(&scene.place, STATE)), Vec::<&str>::new(), "{what}");
    }
    // What is only shown, and what leaves the bundles, goes on.
    let run = scene.run(&server, &prune).ok();
    assert!(run.stderr.contains("what it would bring back is not protected by it"), "{run}");
    scene.run(&server, &["prune", "--keep", "1", "--apply"]).ok();
    scene.place.write(&undo, text);
    scene.run(&server, &["publish", "--undo", &undo]).ok();
}

/// Who moves an environment is good to know. Nobody is kept out by what cannot be read.
#[test]
fn an_operation_that_cannot_be_read_is_over() {
    const KEY: &str = "/operations/shop-prod.json";
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod"]).ok();
    drop(server);
    let text = std::fs::read_to_string(object(&scene.place, KEY).1).unwrap();
    for (what, bytes) in damaged(&text).into_iter().chain(later(&text)) {
        let commands: [&[&str]; 3] = [
            &["prune", "--keep", "1", "--json"],
            &["deploy", &scene.first, "--env", "shop-prod", "--json"],
            &["rollback", "--env", "shop-prod", "--json"],
        ];
        for command in commands {
            put(&scene.place, KEY, &bytes);
            let server = scene.server(Vec::new());
            let run = scene.run(&server, command);
            assert_eq!(run.exit, 0, "{what}\n{run}");
            drop(server);
        }
        let written: Value = serde_json::from_slice(&std::fs::read(object(&scene.place, KEY).1).unwrap()).unwrap();
        assert!(written["ended"].is_string() || written["much_later"] == true, "{what}: {written}");
    }
}

/// What a swap must not do is to undo itself.
#[test]
fn a_swap_whose_record_cannot_be_read_is_not_made() {
    const KEY: &str = "/swaps/";
    let site = swap::pair();
    let apply = ["swap", "shop-blue", "shop-green", "--apply", "--watch", "0"];
    let server = site.server();
    site.run(&server, &apply).ok();
    drop(server);
    let text = std::fs::read_to_string(object(&site.place, KEY).1).unwrap();
    for (what, bytes) in damaged(&text) {
        put(&site.place, KEY, &bytes);
        let server = site.server();
        calls(&site.place, STATE);
        let run = site.run(&server, &apply);
        assert_eq!(run.exit, 3, "{what}\n{run}");
        assert!(run.stderr.contains("/swaps/") && run.stderr.contains("hint: "), "{what}\n{run}");
        assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new(), "{what}");
    }
    put(&site.place, KEY, &later(&text)[0].1);
    let run = site.run(&site.server(), &apply).ok();
    assert!(run.stdout.starts_with("unchanged: "), "{run}");
}

/// The lines that stay of rehearsals are read by `status`.
#[test]
fn lines_of_rehearsals_that_cannot_be_read_are_none() {
    let site = crate::launch::Site::small();
    site.describe("shop-prod", "");
    let server = site.server();
    site.run(&server, &["launch", "--all", "--apply"]).ok();
    let text = site.place.read("environments/_drills.jsonl");
    for (what, bytes) in damaged(&text) {
        site.place.write("environments/_drills.jsonl", bytes);
        let run = site.run(&server, &["status", "--json"]);
        assert_eq!(run.exit, 0, "{what}\n{run}");
    }
}
