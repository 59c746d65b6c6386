//! `check`: what a person sees, and what a script gets.

use crate::harness::{Place, npm_package};

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

    note[EB091]: if `01_migrate` fails, the events do not say why: its output is in `/var/log/cfn-init-cmd.log`, which is in the full logs, and not among their last lines
      --> .ebextensions/django.config:3:61
        |
      3 |     command: "source /var/app/venv/*/bin/activate && python manage.py migrate"
        |                                                             ^^^^^^^^^
      fix: `beansprout add tail-cfn-logs`

    1 warning, 1 note in 5 files
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
    assert!(run.stdout.ends_with("1 note in 5 files, 1 suppressed\n"), "a note is no failure\n{run}");
}

#[test]
fn an_empty_folder_is_no_project() {
    Place::new().run(["check"]).exit(3);
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

#[test]
fn fixes_are_shown_and_made() {
    let config = "files:\n  /etc/motd:\n    mode: 000644\n    content: hello\n";
    let place = Place::new().file(".ebextensions/a.config", config).file("requirements.txt", b"D\0j\0a\0n\0g\0o\0\n\0");
    let run = place.run(["check", "--fix", "--dry-run"]).exit(1);
    assert!(run.stderr.contains("-    mode: 000644\n+    mode: \"000644\"\n"), "{run}");
    assert!(run.stderr.ends_with("2 files would change\n"), "{run}");
    assert_eq!(place.read(".ebextensions/a.config"), config);
    let run = place.run(["check", "--fix"]).ok();
    assert!(run.stderr.ends_with("2 files changed\n"), "{run}");
    assert_eq!(place.read(".ebextensions/a.config"), config.replace("000644", "\"000644\""));
    assert_eq!(place.read("requirements.txt"), "Django\n");
    // The second file's old namespace hides a path that is wrong in the new one: both at once, and the second time nothing.
    let old = "option_settings:\n  aws:elasticbeanstalk:container:python:staticfiles:\n    /static: /static/\n";
    place.write(".ebextensions/b.config", old);
    assert!(place.run(["check", "--fix"]).ok().stderr.ends_with("1 file changed\n"));
    let new = "option_settings:\n  aws:elasticbeanstalk:environment:proxy:staticfiles:\n    /static: static\n";
    assert_eq!(place.read(".ebextensions/b.config"), new);
    assert!(place.run(["check", "--fix"]).ok().stderr.ends_with("0 files changed\n"));
}

#[test]
fn sarif_is_what_code_scanning_reads() {
    const VALIDATE: &str = "import sys, sarif_pydantic\nsarif_pydantic.Sarif.model_validate_json(sys.stdin.read())";
    let place = broken().file("Buildfile", "oops\n");
    let run = place.run(["check", "--format", "sarif"]).exit(1);
    place.write("check.sarif", &run.stdout);
    let mut command = place.command(crate::harness::python());
    command.args(["-c", VALIDATE]).stdin(std::fs::File::open(place.path("check.sarif")).unwrap());
    place.finish(command).ok();
    // The schema of OASIS itself, as one of its editors ships it.
    if let Some(package) = npm_package("@microsoft/jest-sarif@1.0.0-beta.0") {
        const OFFICIAL: &str = "import json, sys, jsonschema\n\
            jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))";
        let schema = package.join("lib/schemas/sarif-2.1.0-rtm.5.json");
        let mut command = place.command(crate::harness::python());
        command.args(["-c", OFFICIAL]).arg(schema).arg("check.sarif");
        place.finish(command).ok();
    }
    let document = run.json();
    for rule in document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap() {
        // What GitHub asks of a rule, beyond the schema.
        for key in ["shortDescription", "fullDescription", "help"] {
            assert!(rule[key]["text"].as_str().is_some_and(|text| !text.is_empty()), "{rule:#}");
        }
    }
    let results = document["runs"][0]["results"].as_array().unwrap();
    let rules = document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    // Two runs know the same finding by its line, wherever the line has moved to.
    let print = |run: &crate::harness::Run| run.json()["runs"][0]["results"][0]["partialFingerprints"].clone();
    let config = place.read(".ebextensions/django.config");
    place.write(".ebextensions/django.config", format!("# moved\n\n{config}"));
    assert_eq!(print(&run), print(&place.run(["check", "--format", "sarif"]).exit(1)));
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], ".ebextensions/django.config");
    assert_eq!(place["region"]["startLine"], 3);
}

#[test]
fn what_does_not_ship_is_not_checked() {
    let place = broken().file(".ebignore", ".ebextensions/\n");
    place.run(["check"]).ok();
}

#[test]
fn what_is_refused_by_its_name_hides_nothing() {
    let place = broken();
    // Put together, so that this file holds no key itself.
    place.write("notes.txt", format!("aws_access_key_id = AKIA{}\n", "Q3EGVZ5RKT7WNJ2X"));
    place.write("shop/old.py", "URL = 'postgres://shop:Vb7mLp4RtZc8@db.shop.net/shop'\n");
    place.write(".env", "URL=postgres://shop:Vb7mLp4RtZc8@db.shop.net/shop\n");
    let report = place.run(["check", "--json"]).exit(1).document("check/1");
    let findings = report["findings"].as_array().unwrap().iter();
    let found: Vec<_> = findings
        .map(|finding| format!("{} {}", finding["rule"].as_str().unwrap(), finding["path"].as_str().unwrap()))
        .filter(|found| found.starts_with("EB18"))
        .collect();
    assert_eq!(found, ["EB180 .env", "EB180 notes.txt", "EB181 shop/old.py"]);
}

#[test]
fn what_the_eb_cli_would_ship_is_not_left_out_in_silence() {
    let place = Place::new()
        .file("Procfile", "web: gunicorn shop.wsgi\n")
        .file(
            "shop/wsgi.py",
            "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
        )
        .file("requirements.txt", "Django==5.2.8\n")
        .file(".ebextensions/a.config", "option_settings: {}\n")
        .file(".gitignore", "/.ebextensions/\nDockerrun.aws.json\n")
        .file(".ebignore", ".git/\n");
    let place = place.git();
    let said = place.run(["check"]).exit(1);
    assert!(said.stdout.contains("beansprout leaves out `.ebextensions`, and `eb deploy` does not"), "{said}");
    let packaged = |words: bool| {
        let said = place.run(["package"]).ok();
        assert_eq!(said.stderr.contains("`.ebextensions` stays out by a rule of git's"), words, "{said}");
    };
    packaged(true);
    place.write(".ebignore", ".git/\n!.ebextensions\n");
    let said = place.run(["check"]).ok();
    assert!(!said.stdout.contains("EB349"), "{said}");
    packaged(false);
    // Where both read what git does, there is nothing to tell.
    std::fs::remove_file(place.path(".ebignore")).unwrap();
    let said = place.run(["check"]);
    assert!(!said.stdout.contains("EB349"), "{said}");
}
