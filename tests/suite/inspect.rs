//! `inspect` and `diff`: into bundles and between them.

use crate::harness::{Place, missing};

#[test]
fn inspect_sees_what_package_wrote() {
    let place = Place::new().file("app.py", "x = 1\n").file("run.sh", "#!/bin/sh\n");
    std::os::unix::fs::symlink("app.py", place.path("link")).unwrap();
    let made = place.run(["package", "-o", "../a.zip", "--json", "--manifest", "../manifest.json"]).ok().json();
    let seen = place.run(["inspect", "../a.zip", "--json"]).ok().document("inspect/1");
    assert_eq!(seen["digest"], made["digest"]);
    let manifest: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(place.path("../manifest.json")).unwrap()).unwrap();
    assert_eq!(seen["entries"], manifest["entries"]);
    let run = place.run(["inspect", "../a.zip"]).ok();
    assert!(run.stdout.ends_with("6 B   app.py\n       6 B @ link\n      10 B * run.sh\n"), "{run}");
}

#[test]
fn inspect_reads_what_others_wrote() {
    if missing("zip", "zip") {
        return;
    }
    let place = Place::new().file("app.py", "x = 1\n").file("static/a b.txt", "text");
    let ours = place.run(["package", "--json", "-o", "../ours.zip"]).ok().json();
    place.sh("zip", &["-qr", "../info-zip.zip", "."]);
    place.sh("python3", &["-m", "zipfile", "-c", "../python.zip", "app.py", "static/"]);
    for zip in ["../info-zip.zip", "../python.zip"] {
        let seen = place.run(["inspect", zip, "--json"]).ok().json();
        assert_eq!(seen["digest"], ours["digest"], "{zip}");
    }
}

#[test]
fn inspect_refuses_what_is_no_zip() {
    let place = Place::new().file("a.zip", "PK no").file("empty.zip", "");
    for name in ["a.zip", "empty.zip"] {
        let run = place.run(["inspect", name]).exit(3);
        assert!(run.stderr.contains("is not a zip file that can be read"), "{run}");
    }
    let run = place.run(["inspect", "nowhere.zip"]).exit(3);
    assert!(run.stderr.contains("there is no `[DIR]/nowhere.zip`\nhint: name a zip file"), "{run}");
}
