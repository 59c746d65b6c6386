//! A second opinion: the part of `publish` that is S3, against moto's server instead of the sandbox.
//!
//! Elastic Beanstalk and STS stay the sandbox: moto's has no application versions.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use beansprout::sandbox;
use serde_json::{Value, json};

use crate::harness::{Place, Run, Running, moto};
use crate::publish::{noise, project};

/// moto's S3, and the sandbox for the rest.
struct Both {
    place: Place,
    s3: String,
    rest: String,
    _sandbox: Running,
    server: Child,
}

impl Drop for Both {
    fn drop(&mut self) {
        // It ends when its stdin does.
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

fn client(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

impl Both {
    fn new(place: Place) -> Self {
        let mut command: Command = place.command(moto());
        command.arg(client("moto_server.py")).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut s3 = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut s3).unwrap();
        // In a folder that no bundle contains.
        let words = ["sandbox", "--port", "0", "--speed", "instant", "--state", ".beansprout/aws"];
        let mut running = place.start(words);
        let rest = running.wait_for("export AWS_ENDPOINT_URL=");
        let both = Self { place, s3: s3.trim().to_owned(), rest, _sandbox: running, server };
        both.objects(&["bucket"]);
        both
    }

    fn objects(&self, words: &[&str]) -> String {
        let mut command = self.place.command(moto());
        command.arg(client("moto_objects.py")).args(words).env("PYTHONDONTWRITEBYTECODE", "1");
        command.envs(sandbox::variables(&self.s3));
        self.place.finish(command).ok().stdout
    }

    fn publish(&self) -> Run {
        let mut command = self.place.beansprout(["publish", "--create-application", "--json"]);
        command.envs(sandbox::variables(&self.rest)).env("AWS_ENDPOINT_URL_S3", &self.s3);
        self.place.finish(command)
    }

    /// Upload to moto, and be refused by the sandbox, which has no such object.
    #[track_caller]
    fn upload(&self) -> Run {
        let run = self.publish().exit(3);
        assert!(run.stderr.contains("`CreateApplicationVersion` was refused: Unable to download"), "{run}");
        run
    }

    fn left(&self) -> Value {
        serde_json::from_str(&self.objects(&["list"])).unwrap()
    }

    fn bundle(&self) -> String {
        let package = self.place.run(["package", "--json"]).ok().json();
        let path = package["path"].as_str().unwrap().replace("[DIR]/", "");
        self.place.path(path).display().to_string()
    }

    /// What the bundle that is published must be in S3.
    fn expected(&self) -> Value {
        let package = self.place.run(["package", "--json"]).ok().json();
        let bundle = std::fs::read(self.bundle()).unwrap();
        let sum = self.place.sh("sha256sum", &[&self.bundle()]);
        json!({
            "key": format!("beansprout/shop/{}.zip", package["digest"].as_str().unwrap()),
            "bytes": bundle.len(),
            "sha256": sum.split_whitespace().next(),
            "metadata": { "beansprout-digest": package["digest"] },
        })
    }
}

#[test]
fn one_request_and_no_second() {
    let both = Both::new(project());
    let run = both.upload();
    assert!(run.stderr.contains("uploading "), "{run}");
    // moto has no block of public access, as buckets of long ago.
    assert!(run.stderr.contains("does not block public access"), "{run}");
    let left = both.left();
    assert_eq!(left["objects"], json!([both.expected()]));
    let run = both.upload();
    assert!(!run.stderr.contains("uploading "), "{run}");

    let key = both.expected()["key"].as_str().unwrap().to_owned();
    both.objects(&["plant", &key, "something else"]);
    let run = both.publish().exit(7);
    assert!(run.stderr.contains("holds other content"), "{run}");
}

#[test]
fn parts_are_sent_and_continued() {
    let place = project();
    place.write("noise.bin", noise(17_000_000));
    let both = Both::new(place);
    let expected = both.expected();
    both.objects(&["part", &both.bundle(), expected["key"].as_str().unwrap()]);
    assert_eq!(both.left(), json!({ "objects": [], "uploads": 1 }));
    let run = both.upload();
    assert!(run.stderr.contains("uploading "), "{run}");
    // The upload that was begun is the one that was completed.
    assert_eq!(both.left(), json!({ "objects": [expected], "uploads": 0 }));
    let run = both.upload();
    assert!(!run.stderr.contains("uploading "), "{run}");
}
