//! What the packager refuses, or warns of: said before it is asked to pack.

use super::places::other_reading;
use crate::beanstalk::customizations::{EXTENSIONS, LOOKED_FOR};
use crate::beanstalk::tree::file_name;
use crate::check::subject::Subject;
use crate::check::{Packager, Remark, Weight};
use crate::secret::{self, Certainty, Kind};

const REFUSED: &str = "take it out, leave the file out with LINE, or allow it by name in `[bundle]`";
/// For a key that opens something, whoever has it: what was committed once stays in the history.
const REFUSED_KEY: &str =
    "revoke it, and take it out; or leave the file out with LINE, or allow it by name in `[bundle]`";
/// For a file without which there is no site, or another one.
const NEEDED: &str = "take the value out, revoke it, and read a new one from a property or secret of the environment; or allow it by name in `[bundle]`";
/// For a file of variables that the code asks for.
const NEEDED_ENVIRONMENT: &str = "leave the file out with LINE, and set what the server needs of it as properties and secrets of the environment; or allow it by name in `[bundle]`";
const WARNED: &str = "see that it may ship, or name it in `allow` in `[bundle]`";

pub(crate) fn check(subject: &mut Subject<'_>, packager: &Packager) {
    let own;
    let remarks = match packager {
        Packager::Says(remarks) => remarks,
        Packager::SaysLater => return,
        Packager::NotAsked => {
            own = at_hand(subject);
            &own
        }
    };
    let line = subject.leaving_out();
    for Remark { path, what, weight } in remarks {
        if *weight == Weight::Ignored {
            if LOOKED_FOR.contains(&path.as_str()) {
                other_reading::ignored(subject, path, what);
            }
            continue;
        }
        // Documentation of a library has examples, and the environment that holds it is said.
        if *weight == Weight::Warned && path.contains("/site-packages/") {
            continue;
        }
        // The rule about keys says more of them.
        if subject.has_found("EB155", path) {
            continue;
        }
        // The line itself is not shown: a report is read by more people than the file.
        let at = line_of(subject, path, what).map_or_else(String::new, |line| format!(", in line {line}"));
        let message = format!("`{path}` {what}{at}");
        match weight {
            Weight::Refused => {
                let fix = match is_needed(subject, path) {
                    true if what.starts_with("holds ") => NEEDED,
                    true if what == Kind::EnvironmentFile.sentence() => NEEDED_ENVIRONMENT,
                    _ if Kind::of_sentence(what).is_some_and(Kind::is_revocable) => REFUSED_KEY,
                    _ => REFUSED,
                };
                subject.find_file("EB180", path, message, fix.replace("LINE", line))
            }
            Weight::Warned => subject.find_file("EB181", path, message, WARNED),
            Weight::Environment => {
                let message =
                    format!("{message}: the EB CLI ships it, and nothing uses it, since the platform makes its own");
                let fix = format!("`git rm -r --cached {path}`, and a line `{path}/` in `.gitignore`");
                subject.find_file("EB270", path, message, fix)
            }
            Weight::Ignored => continue,
        };
    }
}

/// The line with what this says of a file, counted from 1.
fn line_of(subject: &Subject<'_>, path: &str, what: &str) -> Option<usize> {
    let content = subject.tree.content(path).filter(|content| std::str::from_utf8(content).is_ok())?;
    let kind = secret::in_content(content).iter().find(|kind| what == kind.sentence())?;
    let at = secret::place_of(content, kind)?;
    Some(content[..at].iter().filter(|byte| **byte == b'\n').count() + 1)
}

/// Does the server, a deployment or the site need this file? Then it cannot be left out.
fn is_needed(subject: &Subject<'_>, path: &str) -> bool {
    /// What a browser gets, or a page is made of.
    const ENDS: [&str; 8] = [".html", ".htm", ".js", ".mjs", ".ts", ".jsx", ".tsx", ".vue"];
    let tree = subject.tree;
    let of_tests = path.split('/').any(|part| matches!(part, "test" | "tests"))
        || file_name(path).starts_with("test_")
        || file_name(path) == "conftest.py";
    let of_platform = [EXTENSIONS, ".platform"].iter().any(|folder| path.starts_with(&format!("{folder}/")));
    let loaded = path.ends_with(".py") && !of_tests;
    // Credentials that the code opens are a file of this name.
    let names = || {
        let mut code = tree.iter().map(|(path, _)| path).filter(|other| other.ends_with(".py") && *other != path);
        code.any(|other| tree.code(other).is_some_and(|text| text.contains(file_name(path))))
    };
    loaded
        || of_platform
        || LOOKED_FOR.contains(&path)
        || (ENDS.iter().any(|end| path.ends_with(end)) && !of_tests)
        || subject.calls(path)
        || names()
}

fn at_hand(subject: &Subject<'_>) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (path, _) in subject.tree.iter() {
        if let Some(folder) = path.strip_suffix("/pyvenv.cfg") {
            let what = "is a virtual environment".to_owned();
            remarks.push(Remark { path: folder.to_owned(), what, weight: Weight::Environment });
        }
        let content = subject.tree.content(path);
        let kinds = content.map(secret::in_content).unwrap_or_default();
        let named = content.map_or_else(|| secret::in_path(path), |content| secret::in_file(path, content));
        let found = named.or_else(|| kinds.first(Certainty::Sure)).or_else(|| kinds.first(Certainty::Likely));
        let weight = |sure| if sure { Weight::Refused } else { Weight::Warned };
        remarks.extend(found.map(|kind| Remark {
            path: path.to_owned(),
            what: kind.sentence().to_owned(),
            weight: weight(kind.certainty() == Certainty::Sure),
        }));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use crate::beanstalk::tree::Tree;
    use crate::check::{Settings, run};

    /// What of a project is left out with a line in `.ebignore` is nothing that it needs, whichever secret it holds.
    #[test]
    fn no_file_that_is_needed_is_left_out() {
        let secrets = [
            format!("key = \"AKI{}\"\n", "AQ3EGVZ5RKT7WNJ2X"),
            format!("key = \"gh{}\"\n", "p_Q7xk2VbN9mLp4RtZc8WdJ5hGs3YfA6uEabcd"),
            format!("key = \"sk_{}\"\n", "live_Q7xk2VbN9mLp4RtZc8WdJ5hG"),
        ];
        let fix = |path: &str, secret: &str| {
            let code = "import os\nos.environ[\"GOOGLE\"] = \"keys/google.json\"\n";
            let tree = Tree::default()
                .file("manage.py", "from django.core.management import execute_from_command_line\n")
                .file("shop/wsgi.py", "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"shop.settings\")\n")
                .file("shop/settings.py", "DEBUG = False\n")
                .file("shop/apps.py", code)
                .file(".ebextensions/z.config", "container_commands: {a: {command: bin/setup.sh}}\n")
                .file(path, format!("# first\n{secret}"));
            let report = run(&tree, &Settings::default());
            let found = report.findings.into_iter().find(|finding| finding.rule == "EB180" && finding.path == path);
            let found = found.unwrap_or_else(|| panic!("{path}"));
            assert!(found.message.ends_with("in line 2"), "{}", found.message);
            found.fix
        };
        for secret in &secrets {
            for path in [
                "shop/settings.py",
                "shop/common/utils.py",
                "shop/apps.py",
                ".ebextensions/a.config",
                ".platform/hooks/postdeploy/01_a.sh",
                "Dockerfile",
                "docker-compose.yml",
                "bin/setup.sh",
                "keys/google.json",
                "shop/templates/base.html",
            ] {
                assert!(!fix(path, secret).contains(".ebignore"), "{path}");
            }
            for path in ["README.md", "notes/try.ipynb", "shop/tests/test_views.py", ".travis.yml"] {
                let fix = fix(path, secret);
                assert!(fix.contains(".ebignore") && fix.starts_with("revoke it"), "{path}");
            }
        }
    }
}
