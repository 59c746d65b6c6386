//! `check` must be quiet where nothing is wrong: on well-known Django projects, what it says is true, line by line.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Place, cache_dir, missing};

/// A project as the package registry has it, unpacked once. Wheels are only unpacked: nothing of them runs.
fn project(name: &str, version: &str) -> Option<PathBuf> {
    if missing("python3", "python3-venv") {
        return None;
    }
    let dir = cache_dir().join(format!("project-{name}-{version}"));
    let lock = std::fs::File::create(dir.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    if !dir.is_dir() {
        let half = tempfile::tempdir_in(cache_dir()).unwrap();
        let run = |arguments: &[&str]| {
            let output = Command::new("python3").arg("-m").args(arguments).current_dir(half.path()).output().unwrap();
            assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
        };
        let requirement = format!("{name}=={version}");
        let any = ["--only-binary", ":all:", "--python-version", "3.13", "--platform", "any", "--no-deps"];
        run(&[&["pip", "download", "--quiet", "--dest", "wheel"][..], &any, &[&requirement]].concat());
        let wheel = std::fs::read_dir(half.path().join("wheel")).unwrap().next().unwrap().unwrap().path();
        run(&["zipfile", "-e", wheel.to_str().unwrap(), "tree"]);
        std::fs::rename(half.path().join("tree"), &dir).unwrap();
    }
    Some(dir)
}

/// What `check` finds once there are a `Procfile` and a list of packages, and the settings of production are named, one to a line.
fn found(tree: &Path, wsgi: &str, settings: &str) -> String {
    let place = Place::new();
    place.sh("cp", &["-r", tree.to_str().unwrap(), "x"]);
    place.write("x/Procfile", format!("web: gunicorn {wsgi}\n"));
    if !tree.join("requirements.txt").is_file() {
        // What a wheel asks for is in its metadata, which nobody reads here: `.` stands for that.
        place.write("x/requirements.txt", ".\n");
    }
    let option = format!(
        "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    DJANGO_SETTINGS_MODULE: {settings}\n"
    );
    place.write("x/.ebextensions/10.config", option);
    let report = place.run(["-C", "x", "check", "--json"]).json();
    let line = |finding: &serde_json::Value| {
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        let line = finding["start"]["line"].as_u64().map_or_else(String::new, |line| format!(":{line}"));
        format!("{} {} {}{line}: {}", text("level"), text("rule"), text("path"), text("message"))
    };
    report["findings"].as_array().unwrap().iter().map(line).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn case(name: &str, version: &str, wsgi: &str, settings: &str, expected: &str) {
    if let Some(tree) = project(name, version) {
        assert_eq!(found(&tree, wsgi, settings), expected, "{name}");
    }
}

#[test]
fn well_known_projects_get_true_findings_only() {
    // Both compute their settings by classes of their own: that is said, and is no claim. Nothing tells nginx of the uploads
    // that the first one allows.
    // Its pages of accounts send mails to whoever has lost a password.
    let computed = "note EB114 archivebox/core/settings.py:52: could not be read: `DEBUG`, `ALLOWED_HOSTS`, `DATABASES`; nothing is said about what they lead to\n\
                    warning EB352 archivebox/core/settings.py:281: no mail leaves: it is written to the log\n\
                    warning EB277 archivebox/core/settings.py:425: a form or JSON of more than 1 MB is a 413: nginx refuses it before Django sees it, which would take 25 MB";
    case("archivebox", "0.9.73", "archivebox.core.wsgi", "archivebox.core.settings", computed);
    let unread = "note EB114 mayan/settings/production.py: could not be read: `DEBUG`, `ALLOWED_HOSTS`, `DATABASES`; nothing is said about what they lead to";
    case("mayan-edms", "4.12.2", "mayan.wsgi", "mayan.settings.production", unread);
    // Line 34 is `DEBUG = True`: who deploys the example as it is shows pages with settings in them, and its database and
    // Redis, for the cache and for tasks, are looked for on the instance. Nothing tells nginx of the uploads that it allows.
    // It queues tasks, and no file of what is released starts a worker.
    let debug = "note EB346 weblate/memory/tasks.py:377: what is queued here waits, unless another environment carries it out: no file here starts `celery -A … worker`\n\
                 error EB110 weblate/settings_example.py:34: every error shows settings and source code to whoever caused it\n\
                 warning EB149 weblate/settings_example.py:42: every page that reads data is a 500: postgresql is looked for on the instance itself, and nothing here starts it\n\
                 warning EB277 weblate/settings_example.py:687: a form or JSON of more than 1 MB is a 413: nginx refuses it before Django sees it, which would take 47 MB\n\
                 note EB372 weblate/settings_example.py:897: the site takes every name that a request brings for its own\n\
                 warning EB149 weblate/settings_example.py:900: every use of the cache fails: `redis` is looked for on the instance itself, and nothing here starts it\n\
                 warning EB149 weblate/settings_example.py:974: no task is ever carried out: `redis` is looked for on the instance itself, and nothing here starts it\n\
                 warning EB149 weblate/settings_example.py:975: no task has a result: `redis` is looked for on the instance itself, and nothing here starts it";
    case("weblate", "2026.10.1", "weblate.wsgi", "weblate.settings_example", debug);
    // The base of these settings has a key that everybody can read; production may set its own in a file outside. Its
    // database comes from a function of its own. A package of its `node_modules` ships what an editor left there.
    let key = "note EB181 tcms/node_modules/eonasdan-bootstrap-datetimepicker/.vs/slnx.sqlite: `tcms/node_modules/eonasdan-bootstrap-datetimepicker/.vs/slnx.sqlite` is an SQLite database\n\
               warning EB112 tcms/settings/common.py:25: everybody who can read the code can sign sessions: the key is in it\n\
               note EB114 tcms/settings/common.py:29: could not be read: `DATABASES`; nothing is said about what they lead to\n\
               note EB372 tcms/settings/common.py:83: the site takes every name that a request brings for its own, and writes it into the links that it sends, such as that of a new password";
    case("kiwitcms", "12.4", "tcms.wsgi", "tcms.settings.product", key);
}
