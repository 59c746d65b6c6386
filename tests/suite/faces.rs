//! Every face of the verbs, for people and for programs: who changes words or fields sees them side by side.

use crate::harness::{Place, Run};

/// A small project whose digest does not change when templates do.
fn project() -> Place {
    Place::new()
        .file("beansprout.toml", "[project]\nname = \"shop\"\n")
        .file("Procfile", "web: gunicorn --bind 127.0.0.1:8000 site1.wsgi\n")
        .file("requirements.txt", "Django==5.2.8\ngunicorn==23.0.0\n")
        .file("manage.py", "import os\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"site1.settings\")\n")
        .file("site1/settings.py", "DEBUG = False\nALLOWED_HOSTS = [\".example.com\"]\n")
        .file("site1/wsgi.py", "application = None\n")
        .file(".ebextensions/10-limit.config", "container_command: {}\n")
}

/// Both faces of a line, without what differs from run to run.
fn faces(place: &Place, line: &[&str]) -> String {
    let shown = |run: &Run, json: &str| {
        let text = format!("$ beansprout {}{json}\n{run}\n", line.join(" "));
        steady(&text.replace(place.dir().to_str().unwrap(), "[DIR]"))
    };
    let people = place.run(line);
    let program = place.run([line, &["--json"]].concat());
    format!("{}\n{}", shown(&people, ""), shown(&program, " --json"))
}

/// The text with every time and port of this run replaced by a word.
fn steady(text: &str) -> String {
    /// How a time of day begins; a digit stands for any.
    const SHAPES: [(&str, &str); 4] = [
        ("0000-00-00T00:00:00", "[TIME]"),
        ("0000-00-00 00:00", "[TIME]"),
        ("127.0.0.1:00000", "127.0.0.1:[PORT]"),
        ("\"seconds\": 0", "\"seconds\": [N]"),
    ];
    let bytes = text.as_bytes();
    let fits = |at: usize, shape: &str| {
        bytes.len() >= at + shape.len()
            && shape.bytes().zip(&bytes[at..]).all(|(shape, byte)| match shape {
                b'0' => byte.is_ascii_digit(),
                shape => shape == *byte,
            })
    };
    let mut out = String::new();
    let mut at = 0;
    while let Some(char) = text[at..].chars().next() {
        match SHAPES.into_iter().find(|(shape, _)| fits(at, shape)) {
            Some((shape, word)) => {
                out.push_str(word);
                at += shape.len();
                let rest = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'Z');
                at += bytes[at..].iter().take_while(|byte| word != "127.0.0.1:[PORT]" && rest(byte)).count();
            }
            None => {
                out.push(char);
                at += char.len_utf8();
            }
        }
    }
    out
}

#[test]
fn every_face_is_as_it_was() {
    let place = project();
    let label = place.run(["package", "--json"]).json()["label"].as_str().unwrap().to_owned();
    std::fs::remove_dir_all(place.path(".beansprout")).unwrap();
    // In this order: each line finds what those before it left.
    let lines: [(&str, &[&str]); 18] = [
        ("check", &["check"]),
        ("explain-rule", &["explain", "EB202"]),
        ("explain-option", &["explain", "DeregistrationDelay"]),
        ("explain-event", &["explain", "--event", "config"]),
        ("package", &["package"]),
        ("package-list", &["package", "--list"]),
        ("package-why", &["package", "--why", "Procfile"]),
        ("inspect", &["inspect", &label]),
        ("verify", &["verify", &label]),
        ("diff", &["diff", &label, "worktree"]),
        ("publish", &["publish", "--sandbox"]),
        ("publish-dry-run", &["publish", "--sandbox", "--dry-run", "--label", "other"]),
        ("versions", &["versions", "--sandbox"]),
        ("lifecycle", &["versions", "lifecycle", "--sandbox"]),
        ("prune", &["prune", "--sandbox", "--keep", "1"]),
        ("policy", &["policy", "deployer", "--env", "shop-prod", "--account", "123456789012", "--region", "us-east-1"]),
        ("recipes", &["recipes", "upload limit"]),
        ("stacks", &["stack", "list"]),
    ];
    for (name, line) in lines {
        insta::assert_snapshot!(format!("faces-{name}"), faces(&place, line));
    }
}
