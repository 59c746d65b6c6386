//! Text of others in our output: nothing in it reaches a terminal as anything but text.

use crate::harness::{Place, missing};

/// A title, a cleared screen, an overwritten line, the same in one byte, and letters that turn around.
const HOSTILE: &str = "\u{1b}]0;title\u{7}\u{1b}[2J\rx\u{9b}2J\u{7f}\u{202e}gpj\u{2066}\u{61c}";

#[track_caller]
fn is_text(place: &Place, arguments: &[&str]) {
    for flags in [&["--color", "never"][..], &["--color", "always"], &["--json"]] {
        let run = place.run([flags, arguments].concat());
        for text in [&run.stdout, &run.stderr] {
            let mut rest = text.clone();
            for number in ["0", "1", "2", "1;31", "32", "1;33", "1;36"] {
                rest = rest.replace(&format!("\u{1b}[{number}m"), "");
            }
            let obeyed = |letter: &char| {
                letter.is_control() && !matches!(letter, '\n' | '\t')
                    || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert_eq!(rest.chars().find(obeyed), None, "{arguments:?}\n{}", text.escape_debug());
        }
    }
}

#[test]
fn arguments_and_settings_are_shown_as_text() {
    let place = Place::new().file("Procfile", "web: gunicorn app\n");
    is_text(&place, &["package", "--why", HOSTILE]);
    is_text(&place, &["deploy", HOSTILE, "--env", "shop", "--sandbox"]);
    is_text(&place, &["deploy", "v1", "--env", HOSTILE, "--sandbox"]);
    is_text(&place, &["rollback", "--env", HOSTILE, "--sandbox"]);
    is_text(&place, &["verify", HOSTILE]);
    is_text(&place, &["inspect", HOSTILE]);
    is_text(&place, &["diff", HOSTILE, "worktree"]);
    is_text(&place, &["explain", HOSTILE]);
    is_text(&place, &["add", HOSTILE]);
    is_text(&place, &["new", "site", "--stack", HOSTILE, "--defaults"]);
    is_text(&place, &["package", "--source", HOSTILE]);
    // As it stands in the file, and as TOML writes it.
    place.write("beansprout.toml", format!("[project]\nname = \"{HOSTILE}\"\n"));
    is_text(&place, &["package"]);
    let escaped: String = HOSTILE.chars().map(|letter| format!("\\u{:04x}", u32::from(letter))).collect();
    for settings in [
        format!("[project]\nname = \"{escaped}\"\n"),
        format!("[release]\nprefix = \"{escaped}\"\n"),
        format!("[release]\napplication = \"{escaped}\"\n"),
        format!("[bundle]\nsource = \"{escaped}\"\n"),
        format!("[bundle]\nallow-secret = [\"{escaped}\"]\n"),
        format!("[bundle.include]\n\"{escaped}\" = \"x\"\n"),
        format!("[bundle.include]\n\"x\" = \"{escaped}\"\n"),
        format!("[[check.suppress]]\nrule = \"{escaped}\"\nreason = \"\"\n"),
    ] {
        place.write("beansprout.toml", &settings);
        for verb in [&["package"][..], &["check"], &["explain"], &["publish", "--sandbox"], &["package", "--list"]] {
            is_text(&place, verb);
        }
    }
}

#[test]
fn files_and_bundles_of_others_are_shown_as_text() {
    if missing("python3", "python3") {
        return;
    }
    let place = Place::new().file("Procfile", "web: gunicorn app\n").file("requirements.txt", "x\n");
    place.write(".ebextensions/a.config", format!("option_settings:\n  - {HOSTILE}\n"));
    place.write("Procfile", format!("web: {HOSTILE}\n"));
    place.write(format!("{HOSTILE}.py").as_str(), "x = 1\n");
    std::os::unix::fs::symlink(format!("/{HOSTILE}"), place.path("link")).unwrap();
    for verb in
        [&["package"][..], &["package", "--list"], &["check"], &["explain"], &["adopt", "--dry-run", "--defaults"]]
    {
        is_text(&place, verb);
    }
    let script = format!(
        "import zipfile\nz = zipfile.ZipFile('../foreign.zip', 'w')\nname = '{name}'\n\
         i = zipfile.ZipInfo('link'); i.create_system = 3; i.external_attr = 0o120777 << 16; z.writestr(i, '/' + name)\n\
         z.writestr(name + '.py', 'x')\nz.writestr('Procfile', 'web: x')\nz.close()\n",
        name = HOSTILE.chars().map(|letter| format!("\\u{:04x}", u32::from(letter))).collect::<String>()
    );
    place.write("../make.py", script);
    place.sh("python3", &["../make.py"]);
    for verb in
        [&["verify", "../foreign.zip"][..], &["inspect", "../foreign.zip"], &["diff", "../foreign.zip", "worktree"]]
    {
        is_text(&place, verb);
    }
}
