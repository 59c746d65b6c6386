//! `check`: what a person sees, and what a script gets.

use crate::harness::Place;

fn broken() -> Place {
    Place::new()
        .file("manage.py", "")
        .file("mysite/wsgi.py", "")
        .file("requirements.txt", "Django==5.2\n")
        .file("Procfile", "web: gunicorn mysite.wsgi\n")
        .file(
            ".ebextensions/django.config",
            "container_commands:\n  01_migrate:\n    command: \"source /var/app/venv/*/bin/activate && python manage.py migrate\"\n",
        )
}

#[test]
fn a_finding_shows_its_place_and_the_way_out() {
    let run = broken().run(["check"]).exit(1);
    insta::assert_snapshot!(run, @r#"
    warning[EB030]: `01_migrate` migrates on every instance at the same time
      --> .ebextensions/django.config:3:61
        |
      3 |     command: "source /var/app/venv/*/bin/activate && python manage.py migrate"
        |                                                             ^^^^^^^^^^^^^^^^^
      fix: add `leader_only: true`

    1 warning in 5 files
    ----- exit 1 -----
    "#);
}

#[test]
fn json_is_for_scripts() {
    let run = broken().run(["check", "--json"]).exit(1);
    let report = run.document("check/1");
    assert_eq!(report["findings"][0]["rule"], "EB030");
    assert_eq!(report["findings"][0]["start"]["line"], 3);
}

#[test]
fn a_reason_suppresses() {
    let place = broken();
    place.write("beansprout.toml", "[[check.suppress]]\nrule = \"EB030\"\nreason = \"there is one instance\"\n");
    let run = place.run(["check"]).ok();
    insta::assert_snapshot!(run, @"nothing found in 5 files, 1 suppressed");
}

#[test]
fn an_empty_folder_has_nothing_to_find() {
    Place::new().run(["check"]).ok();
}

#[test]
fn bad_bytes_are_findings() {
    let place = Place::new()
        .file(".ebextensions/utf16.config", b"\xff\xfea\0:\0")
        .file(".ebextensions/latin.config", b"# caf\xe9\n")
        .file(".ebextensions/tab.config", "a:\n\tb: c\n")
        .file(".ebextensions/cycle.config", "files: &a [*a]\n")
        .file(".ebextensions/deep.config", "[".repeat(100_000))
        .file(".ebextensions/large.config", "#\n".repeat(5_000_000))
        .file(".ebextensions/x.config/inner.txt", "");
    let run = place.run(["check", "--json"]).exit(1);
    let report = run.json();
    let found: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| format!("{} {}", finding["rule"].as_str().unwrap(), finding["path"].as_str().unwrap()))
        .collect();
    let expected = [
        "EB095 .ebextensions/cycle.config",
        "EB095 .ebextensions/deep.config",
        "EB095 .ebextensions/large.config",
        "EB201 .ebextensions/latin.config",
        "EB095 .ebextensions/tab.config",
        "EB201 .ebextensions/utf16.config",
        "EB213 .ebextensions/x.config",
    ];
    assert_eq!(found, expected);
}
