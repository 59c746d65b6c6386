//! `adopt`: existing projects of every layout, what it proposes, what it leaves alone, and how it asks.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use insta::assert_snapshot;

use crate::harness::{Place, Run, cache_dir, missing, python};
use crate::terminal::Terminal;

const MANAGE: &str = "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n\
    from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n";
const WSGI: &str = "import os\nfrom django.core.wsgi import get_wsgi_application\n\
    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\napplication = get_wsgi_application()\n";
const SETTINGS: &str = "from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\n\
    SECRET_KEY = 'django-insecure-0'\nDEBUG = True\nALLOWED_HOSTS = []\n\
    INSTALLED_APPS = ['django.contrib.staticfiles']\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\n\
    ROOT_URLCONF = 'shop.urls'\nSTATIC_URL = 'static/'\n\
    DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'db.sqlite3'}}\n";

/// What `django-admin startproject` makes, in `folder`, in git.
fn project(folder: &str) -> Place {
    bare(folder).file("requirements.txt", "Django==5.2.1\n").git()
}

fn bare(folder: &str) -> Place {
    Place::new()
        .file(&format!("{folder}manage.py"), MANAGE)
        .file(&format!("{folder}shop/__init__.py"), "")
        .file(&format!("{folder}shop/settings.py"), SETTINGS)
        .file(&format!("{folder}shop/urls.py"), "urlpatterns = []\n")
        .file(&format!("{folder}shop/wsgi.py"), WSGI)
}

/// The paths of the plan with this action. Nothing is in a plan without its reason.
fn paths(run: &Run, action: &str) -> Vec<String> {
    let document = run.document("adopt/1");
    let files = document["files"].as_array().unwrap().clone();
    assert!(files.iter().all(|file| file["why"] != ""), "{run}");
    let of_action = files.into_iter().filter(|file| file["action"] == action);
    of_action.map(|file| file["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_project_is_adopted_checked_and_packaged() {
    let place = project("");
    let run = place.run(["adopt", "--yes"]).ok();
    assert!(run.stdout.contains("Left for you:\n- set as environment properties: SECRET_KEY\n"), "{run}");
    assert_snapshot!(place.read("Procfile"), @"web: gunicorn --config gunicorn.conf.py shop.wsgi:application");
    assert_snapshot!(place.read("requirements.txt"), @r"
    Django==5.2.1
    # For Elastic Beanstalk
    gunicorn==27.0.1
    ");
    assert!(place.read("deployment/settings.py").contains("\nfrom shop.settings import *\n"));
    // Its own code is as it was.
    assert_eq!(place.sh("git", &["diff", "--stat", "--", "shop", "manage.py"]), "");
    place.run(["check"]).ok();
    place.run(["package"]).ok();

    let again = place.run(["--json", "adopt", "--yes"]).ok();
    assert_eq!(paths(&again, "add"), [""; 0]);
    assert_eq!(paths(&again, "change"), [""; 0]);
    assert!(again.stderr.contains("Everything is there already."), "{again}");
}

#[test]
fn a_dry_run_shows_the_plan_and_writes_nothing() {
    let place = project("");
    let run = place.run(["adopt", "--dry-run", "--diff"]).ok();
    assert!(run.stdout.contains("+++ b/requirements.txt\n@@ -1 +1,3 @@\n Django==5.2.1\n+# For Elastic"), "{run}");
    assert!(run.stdout.contains("+ Procfile"), "{run}");
    assert_eq!(place.sh("git", &["status", "--porcelain"]), "");
    let document = place.run(["--json", "adopt", "--dry-run"]).ok().document("adopt/1");
    assert_eq!(document["found"]["settings"][0], "shop.settings");
    assert_eq!(document["uncommitted"], 0);
}

#[test]
fn a_project_one_folder_down_stays_there() {
    for folder in ["src/", "backend/site/"] {
        let place = bare(folder).file(&format!("{folder}requirements.txt"), "Django>=5.2,<5.3\n").git();
        place.run(["adopt", "--yes"]).ok();
        let bare = folder.trim_end_matches('/');
        let procfile = format!("web: gunicorn --chdir {bare} --config gunicorn.conf.py shop.wsgi:application\n");
        assert_eq!(place.read("Procfile"), procfile);
        assert!(place.read("requirements.txt").contains(&format!("\n-r {folder}requirements.txt\ngunicorn==")));
        let deploy = place.read(".ebextensions/50-deploy.config");
        assert!(
            deploy.contains(&format!("python {folder}manage.py migrate_once --settings deployment.settings")),
            "{deploy}"
        );
        assert!(place.read(".ebextensions/40-static.config").contains(&format!("/static: {folder}staticfiles\n")));
        assert!(place.exists(&format!("{folder}deployment/health.py")) && !place.exists("deployment"));
        place.run(["check"]).ok();
    }
}

#[test]
fn modules_in_a_source_folder_beside_manage_py() {
    let place = bare("src/").file("manage.py", format!("import sys\nsys.path.insert(0, 'src')\n{MANAGE}"));
    std::fs::remove_file(place.path("src/manage.py")).unwrap();
    place.run(["adopt", "--yes"]).ok();
    assert!(place.read("Procfile").contains("--chdir src "));
    assert!(place.read(".ebextensions/50-deploy.config").contains("python manage.py migrate_once"));
    assert!(place.exists("src/deployment/settings.py"));
}

#[test]
fn which_settings_is_asked_or_named() {
    let place = bare("")
        .file("shop/settings_eu.py", "from shop.settings import *\n")
        .file("shop/settings_us.py", "from .settings import *\n");
    // Whoever starts the server names none of them.
    place.write("shop/wsgi.py", "application = None\n");
    place.write("manage.py", "execute_from_command_line()\n");
    let run = place.run(["adopt", "--yes"]).exit(2);
    assert_snapshot!(run, @r"
    ----- stderr -----
    error: several modules look like settings, and none is surely production's
    hint: `--set settings=MODULE` names it: `shop.settings_eu`, `shop.settings_us`, `shop.settings`
    ----- exit 2 -----
    ");
    let run = place.run(["adopt", "--yes", "--set", "settings=shop.setings_eu"]).exit(2);
    assert!(run.stderr.contains("error: there is no module `shop.setings_eu` in the project"), "{run}");
    place.run(["adopt", "--yes", "--set", "settings=shop.settings_eu"]).ok();
    assert!(place.read("deployment/settings.py").contains("from shop.settings_eu import *"));

    let other = bare_again(&place);
    let mut terminal = Terminal::run(&other, 80, &["adopt"]);
    terminal.sees("Which one is production's?").types(DOWN).enter();
    terminal.sees("settings      shop.settings_us").types("\x03");
    assert_eq!(terminal.ends().0, 130);
}

/// The same project before it was adopted.
fn bare_again(place: &Place) -> Place {
    let other = Place::new();
    for path in [
        "manage.py",
        "shop/__init__.py",
        "shop/settings.py",
        "shop/settings_eu.py",
        "shop/settings_us.py",
        "shop/wsgi.py",
    ] {
        other.write(path, place.read(path));
    }
    other
}

#[test]
fn several_projects_are_asked_or_named() {
    let place = bare("one/")
        .file("two/manage.py", MANAGE)
        .file("two/shop/settings.py", SETTINGS)
        .file("two/shop/wsgi.py", WSGI);
    let run = place.run(["adopt", "--yes"]).exit(2);
    assert!(run.stderr.contains("hint: `--project DIR` names one: `one`, `two`"), "{run}");
    let run = place.run(["adopt", "--yes", "--project", "three"]).exit(2);
    assert!(run.stderr.contains("error: `three` has no `manage.py` of Django"), "{run}");
    place.run(["adopt", "--yes", "--project", "two/"]).ok();
    assert!(place.read("Procfile").contains("--chdir two "));
}

#[test]
fn where_nothing_is_to_adopt_it_says_so() {
    let run = Place::new().file("README.md", "").run(["adopt", "--yes"]).exit(3);
    assert!(run.stderr.contains("error: there is no Django project in `[DIR]`"), "{run}");
    let run = Place::new().file("manage.py", MANAGE).run(["adopt", "--yes"]).exit(3);
    assert!(run.stderr.contains("error: nothing that looks like settings is near `manage.py`"), "{run}");
}

#[test]
fn without_a_terminal_it_wants_to_be_told() {
    let run = project("").run(["adopt"]).exit(2);
    assert_snapshot!(run, @r"
    ----- stderr -----
    error: there is no terminal to accept the plan at
    hint: `--yes` accepts every file, `--only PATH` some of them, and `--dry-run` shows the plan
    ----- exit 2 -----
    ");
}

#[test]
fn only_what_was_accepted_is_written() {
    let place = project("");
    let run = place.run(["--json", "adopt", "--only", "Procfile", "--only", ".ebextensions/"]).ok();
    let document = run.document("adopt/1");
    let accepted: Vec<&str> = document["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["accepted"] == true)
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert!(
        accepted.contains(&"Procfile")
            && accepted.iter().all(|path| *path == "Procfile" || path.starts_with(".ebextensions/"))
    );
    let status = place.sh("git", &["status", "--porcelain"]);
    assert_eq!(status, "?? .ebextensions/\n?? Procfile\n");
    // The package was not accepted, so nothing names it.
    assert!(place.read(".ebextensions/10-django.config").contains("DJANGO_SETTINGS_MODULE: shop.settings\n"));
    assert!(place.read(".ebextensions/50-deploy.config").contains("migrate --noinput --settings shop.settings"));

    let place = project("");
    place.run(["adopt", "--yes", "--skip", "deployment", "--skip", ".elasticbeanstalk/config.yml"]).ok();
    assert!(!place.exists("deployment") && !place.exists(".elasticbeanstalk") && place.exists("gunicorn.conf.py"));
    let run = place.run(["adopt", "--yes", "--skip", "Procfil"]).exit(2);
    assert!(run.stderr.contains("hint: did you mean `Procfile`?"), "{run}");
}

#[test]
fn what_is_not_committed_is_said() {
    let place = project("");
    place.write("notes.txt", "");
    let run = place.run(["adopt", "--dry-run"]).ok();
    assert!(run.stderr.contains("warning: 1 change is not committed"), "{run}");
    let run = bare("").run(["adopt", "--dry-run"]).ok();
    assert!(run.stderr.contains("warning: this is not a git repository"), "{run}");
}

/// What a file of theirs sets is set: nobody is told to do it again, and the description does not outrank it.
#[test]
fn properties_that_are_set_are_not_asked_for() {
    let options =
        "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    SECRET_KEY: '{{resolve:ssm:key}}'\n";
    let place = project("").file(".ebextensions/00-properties.config", options);
    let run = place.run(["adopt", "--yes"]).ok();
    assert!(!run.stdout.contains("set as environment properties"), "{run}");
    let written = std::fs::read_dir(place.path("environments")).unwrap().map(|entry| entry.unwrap().path());
    written.for_each(|path| assert!(!std::fs::read_to_string(path).unwrap().contains("SECRET_KEY")));
}

#[test]
fn files_of_the_project_are_respected() {
    let place = bare("")
        .file("requirements.txt", "Django==5.2.1\ngunicorn==22.0\n")
        .file("Procfile", "release: python manage.py migrate\nweb: gunicorn shop.wsgi --bind 0.0.0.0:$PORT\n")
        .file("gunicorn.conf.py", "workers = 2\n")
        .file(".gitignore", "*.pyc\n.beansprout/\nstaticfiles/\n")
        .file(
            ".ebextensions/django.config",
            "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    DJANGO_SETTINGS_MODULE: shop.settings\n\
             \x20 aws:ec2:instances:\n    InstanceTypes: t3.large\n\
             container_commands:\n  01_migrate:\n    command: source /var/app/venv/*/bin/activate && python manage.py migrate --noinput\n    leader_only: true\n",
        )
        .git();
    let run = place.run(["adopt", "--yes"]).ok();
    assert_eq!(place.read("Procfile"), "web: gunicorn shop.wsgi --bind 0.0.0.0:${PORT:-8000}\n");
    assert_eq!(place.read("gunicorn.conf.py"), "workers = 2\n");
    assert!(run.stdout.contains("gunicorn.conf.py\n    it is there, and stays as it is\n"), "{run}");
    let status = place.sh("git", &["status", "--porcelain", "--untracked-files=no"]);
    assert_eq!(status, " M .ebextensions/django.config\n M Procfile\n");
    // Theirs sets the instance type and migrates, so ours does not; the name of the settings changes where it stands.
    let theirs = place.read(".ebextensions/django.config");
    assert!(theirs.contains("DJANGO_SETTINGS_MODULE: deployment.settings\n"), "{theirs}");
    // What runs there and on what is the environment's business.
    assert!(!place.exists(".ebextensions/20-instances.config"), "{run}");
    assert!(!place.read(".ebextensions/10-django.config").contains("DJANGO_SETTINGS_MODULE"));
    let deploy = place.read(".ebextensions/50-deploy.config");
    assert!(deploy.contains("collectstatic") && !deploy.contains("migrate"), "{deploy}");
    place.run(["check"]).ok();
}

#[test]
fn secrets_and_databases_stay_out_of_the_bundle() {
    let place = bare("").file(".env.example", "SECRET_KEY=\n").file("db.sqlite3", b"SQLite format 3\0");
    place.run(["package"]).exit(3);
    place.run(["adopt", "--yes"]).ok();
    let list = place.run(["package", "--list"]).ok();
    assert!(!list.stdout.contains(".env.example") && !list.stdout.contains("db.sqlite3"), "{list}");
    place.run(["package"]).ok();
}

#[test]
fn a_taken_name_and_settings_that_are_classes() {
    let place = bare("").file("deployment/__init__.py", "").file("deployment/models.py", "");
    place.run(["adopt", "--yes"]).ok();
    assert!(place.read("eb_deployment/apps.py").contains("name = \"eb_deployment\""));
    assert!(place.read("eb_deployment/settings.py").contains("\"eb_deployment.health.HealthMiddleware\""));
    place.run(["check"]).ok();

    let place = bare("").file("manage.py", format!("os.environ.setdefault('DJANGO_CONFIGURATION', 'Dev')\n{MANAGE}"));
    let run = place.run(["adopt", "--yes"]).ok();
    assert!(
        run.stdout.contains("nothing answers health checks yet: the settings are classes of django-configurations"),
        "{run}"
    );
    assert!(!place.exists("deployment"));
}

#[test]
fn of_two_projects_the_one_that_is_deployed_counts() {
    let place = bare("one/")
        .file("two/manage.py", MANAGE)
        .file("two/shop/__init__.py", "")
        .file("two/shop/settings.py", SETTINGS)
        .file("two/shop/wsgi.py", WSGI)
        .file("one/requirements.txt", "Django==5.2.1\nchannels==4.2\n")
        .file("two/requirements.txt", "Django==5.2.1\nfeedparser==6.0.11\n")
        .git();
    place.run(["adopt", "--yes", "--project", "two"]).ok();
    assert!(place.read("requirements.txt").contains("-r two/requirements.txt"), "its own list");
    place.run(["check"]).ok();
    // The answer is kept, and what is found is found in the project that is deployed.
    let again = place.run(["--json", "adopt", "--yes"]).ok();
    assert_eq!((paths(&again, "add"), paths(&again, "change")), (vec![], vec![]));
    place.write("two/shop/settings.py", "DEBUG = ;\n");
    let run = place.run(["check"]).exit(1);
    assert!(run.stdout.contains("two/shop/settings.py"), "{run}");
}

#[test]
fn a_command_that_was_not_understood_is_not_approved() {
    #[track_caller]
    fn case(command: &str, note: &str) {
        let place = project("").file("Procfile", format!("web: {command}\n")).git();
        let run = place.run(["adopt", "--yes"]).ok();
        assert!(run.stdout.contains(note), "{run}");
        assert!(!run.stdout.contains("it is there: "), "{run}");
    }
    case("make serve", "`make serve` is not understood");
    case("python manage.py runserver 0.0.0.0:8000", "`runserver` is for development");
    case("gunicorn --bind 0.0.0.0:9001 shop.wsgi", "EB004 Procfile: the proxy asks port 8000, and it listens on 9001");
    let run = project("").file("Procfile", "web: gunicorn shop.wsgi\n").git().run(["adopt", "--yes"]).ok();
    assert!(run.stdout.contains("it is there: `gunicorn` where the proxy asks"), "{run}");
}

#[test]
fn what_the_packager_refuses_is_foreseen() {
    // An SQLite database by its content, whatever its name, and a key for tests.
    let place = project("").file("index.db", b"SQLite format 3\0data").file(
        "tests/server.key",
        format!(
            "-----BEGIN {} KEY-----\n{}\n-----END {} KEY-----\n",
            "PRIVATE",
            "MIIEvQIBADANBgkq".repeat(30),
            "PRIVATE"
        ),
    );
    place.run(["package"]).exit(3);
    let run = place.run(["adopt", "--yes"]).ok();
    assert!(run.stdout.contains("`index.db`, `tests/server.key` would be refused"), "{run}");
    place.run(["package"]).ok();
}

#[test]
fn what_a_variable_decides_is_said() {
    let place = project("").file(
        "shop/settings.py",
        format!(
            "{SETTINGS}import os\nSECRET_KEY = os.getenv('APP_KEY', 'secret')\nDEBUG = os.environ.get('DEBUG', 'True') == 'True'\n\
             ALLOWED_HOSTS = hosts()\nif os.environ.get('USE_S3') == '1':\n    KEY = os.environ['S3_KEY']\n\
             if 'DATABASE_HOST' in os.environ:\n    DATABASES = {{'default': {{'ENGINE': 'x', 'HOST': os.environ['DATABASE_HOST']}}}}\n"
        ),
    );
    let run = place.run(["adopt", "--yes"]).ok();
    for line in [
        "- set as environment properties: APP_KEY\n",
        "- only if `os.environ.get('USE_S3') == '1'`: set S3_KEY\n",
        "could not be read: ALLOWED_HOSTS\n    make sure that the environment's address is allowed\n",
    ] {
        assert!(run.stdout.contains(line), "{line}\n{run}");
    }
    assert!(!run.stdout.contains("set DATABASE_HOST"), "the settings ask whether it is there\n{run}");
    let settings = place.read("deployment/settings.py");
    assert!(settings.contains("DEBUG = False") && settings.contains("os.environ[\"APP_KEY\"]"), "{settings}");
    assert!(settings.contains("if DATABASES[\"default\"][\"ENGINE\"].endswith(\"sqlite3\")"), "{settings}");
    assert!(place.exists(".ebextensions/41-data.config"));
}

#[test]
fn a_running_site_keeps_what_it_has() {
    let place = project("")
        .file(
            ".ebextensions/site.config",
            "option_settings:\n  aws:elasticbeanstalk:environment:process:default:\n    HealthCheckPath: /ok/\n  aws:autoscaling:asg:\n    MinSize: \"2\"\n\
             \x20 aws:elasticbeanstalk:environment:proxy:\n    ProxyServer: apache\n",
        )
        .file("assets/site.1234.css", "body {}\n")
        .file("shop/settings.py", format!("{SETTINGS}STATIC_ROOT = BASE_DIR / 'assets'\n"))
        .file("runtime.txt", "python-3.8.1\n")
        .git();
    let run = place.run(["adopt", "--yes"]).ok();
    assert!(!place.exists(".ebextensions/20-instances.config") && !place.exists(".platform/nginx"), "{run}");
    assert!(!place.read(".ebextensions/10-django.config").contains("Healthcheck"), "{run}");
    assert!(run.stdout.contains("`assets` is in git and ships as it is"), "{run}");
    assert!(!place.read(".ebextensions/50-deploy.config").contains("collectstatic"));
    assert!(place.read(".ebextensions/40-static.config").contains("/static: assets\n"));
    assert!(place.read(".elasticbeanstalk/config.yml").contains("Python 3.11"), "the oldest for an older one");
    let collects = place.run(["adopt", "--yes", "--set", "collectstatic=true"]).ok();
    assert!(collects.stdout.contains("50-deploy.config"), "{collects}");
}

#[test]
fn an_old_django_gets_what_it_can_have() {
    let place = bare("").file("requirements.txt", "Django==3.2.25\n").git();
    place.run(["adopt", "--yes"]).ok();
    let health = place.read("deployment/health.py");
    assert!(!health.contains("async") && health.contains("class HealthMiddleware:\n    def __init__"), "{health}");
    assert!(place.read("deployment/settings.py").contains("DEBUG = False"));
    let place = bare("").file("requirements.txt", "Django==1.11.29\n").git();
    let run = place.run(["adopt", "--yes"]).ok();
    assert!(run.stdout.contains("needs Django 2.2, and this is 1.11"), "{run}");
}

const DOWN: &str = "\x1b[B";

#[test]
fn a_person_accepts_file_by_file() {
    let place = project("");
    let mut terminal = Terminal::run(&place, 100, &["adopt"]);
    terminal.sees("settings      shop.settings");
    terminal.sees("What is the Elastic Beanstalk application called?").types("shop").enter();
    for question in ["In which AWS region?", "Which Python?", "How much traffic?", "Where do the data live?"] {
        terminal.sees(question).enter();
    }
    terminal.sees("All right?").sees("Show the plan").enter();
    // No package; and then all that follows names none.
    terminal.sees("+ deployment/").sees("Add it?").types(DOWN).enter();
    terminal.sees(".ebextensions/10-django.config").sees("Add it?").types(DOWN).types(DOWN).enter();
    terminal.sees("DJANGO_SETTINGS_MODULE: shop.settings").sees("Add it?").enter();
    terminal.sees(".ebextensions/20-instances.config").sees("Add it?").types(DOWN).enter();
    terminal.sees("Add it?").types(DOWN).types(DOWN).types(DOWN).enter();
    let (exit, seen) = terminal.ends();
    assert_eq!(exit, 0, "{seen}");
    assert!(!place.exists("deployment") && place.exists(".ebextensions/10-django.config"));
    assert!(!place.exists(".ebextensions/20-instances.config") && place.exists("Procfile"));
    assert!(seen.contains("- .ebextensions/20-instances.config") && seen.contains("left out, as you chose"), "{seen}");
}

#[test]
fn a_person_may_stop_at_any_time() {
    let place = project("");
    let mut terminal = Terminal::run(&place, 60, &["adopt", "--defaults"]);
    terminal.sees("Add it?").types("\x03");
    let (exit, seen) = terminal.ends();
    assert_eq!(exit, 130, "{seen}");
    assert!(seen.contains("<cursor>"), "the cursor is back: {seen}");
    let mut terminal = Terminal::run(&place, 60, &["adopt", "--defaults"]);
    terminal.sees("Add it?").types(DOWN).types(DOWN).types(DOWN).types(DOWN).enter();
    let (exit, seen) = terminal.ends();
    assert_eq!(exit, 1, "{seen}");
    assert!(seen.contains("nothing was written, as you chose"), "{seen}");
    assert_eq!(place.sh("git", &["status", "--porcelain"]), "");
}

#[test]
fn an_adopted_site_answers() {
    // Its image is for somebody else: the platform is Python's.
    let place = bare("src/")
        .file("requirements.txt", "Django==5.2.19\n")
        .file("Dockerfile", "FROM python:3.13\n")
        .file("src/shop/settings.py", format!("{SETTINGS}STATICFILES_DIRS = [BASE_DIR / 'style']\n"))
        .file("src/style/site.css", "body {}\n")
        // Elastic Beanstalk would serve this one, and hide the others.
        .file("static/notes.txt", "");
    place.run(["adopt", "--yes"]).ok();
    let mut up = place.start(["up", "--port", "0"]);
    let url = up.wait_for("runs at ");
    let ready = get(&url, "/health/ready/");
    assert!(ready.starts_with("HTTP/1.1 200") && ready.ends_with("ready\n"), "{ready}");
    let style = get(&url, "/static/site.css");
    assert!(style.starts_with("HTTP/1.1 200") && style.ends_with("body {}\n"), "{style}");
    // The site itself has no page at all, and debugging is off.
    let page = get(&url, "/");
    assert!(page.starts_with("HTTP/1.1 404") && !page.contains("DEBUG = True"), "{page}");
}

fn get(url: &str, path: &str) -> String {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The source of a project from the package registry, fetched once. It may hold what it likes: nothing of it runs here but
/// its own packaging.
fn source(pin: &str) -> PathBuf {
    let folder = cache_dir().join(format!("source-{pin}"));
    let lock = std::fs::File::create(cache_dir().join(format!("source-{pin}.lock"))).unwrap();
    lock.lock().unwrap();
    let stamp = folder.join("fetched");
    if !stamp.exists() {
        let _ = std::fs::remove_dir_all(&folder);
        let run = |command: &mut Command| {
            let output = command.output().unwrap();
            assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
        };
        let pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest"];
        run(Command::new(python()).args(pip).arg(&folder).arg(pin));
        let archive = entries(&folder).into_iter().find(|path| path.to_string_lossy().ends_with(".tar.gz")).unwrap();
        run(Command::new("tar").arg("xzf").arg(archive).arg("--directory").arg(&folder));
        std::fs::write(stamp, "").unwrap();
    }
    entries(&folder).into_iter().find(|path| path.is_dir()).unwrap()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// A folder of a real project, in a place of its own.
fn real(pin: &str, inside: &str) -> Option<Place> {
    if missing("python3", "python3") {
        return None;
    }
    let place = Place::new().enter("site");
    let from = source(pin).join(inside);
    let status = Command::new("cp").arg("-R").arg(from).arg(place.dir()).status().unwrap();
    assert!(status.success());
    Some(place.git())
}

#[test]
fn a_certificate_authority_one_folder_down_with_a_lock_file() {
    let Some(place) = real("django-ca==3.2.0", "") else { return };
    let run = place.run(["--json", "adopt", "--yes"]).ok();
    let document = run.document("adopt/1");
    assert_eq!(document["found"]["settings"][0], "ca.settings");
    assert_eq!(document["found"]["celery"], "ca");
    assert_snapshot!(place.read("Procfile"), @r"
    web: gunicorn --chdir ca --config gunicorn.conf.py ca.wsgi:application
    worker: celery --workdir ca --app ca worker --loglevel INFO --concurrency 2
    ");
    // It locks several versions of Django, of which only uv can choose: what it declares is taken.
    let left = document["left"].as_array().unwrap();
    assert!(left[0]["message"].as_str().unwrap().contains("`uv export "), "{run}");
    assert_eq!(left[1]["message"], "could not be read: SECRET_KEY", "{run}");
    let list = place.read("requirements.txt").to_lowercase();
    assert!(list.contains("\ndjango>=") && list.contains("\ngunicorn=="), "{list}");
    assert_eq!(place.sh("git", &["diff", "--name-only"]), ".gitignore\n");
    place.run(["check"]).ok();
    place.run(["package"]).ok();
}

#[test]
fn a_shop_system_with_settings_from_elsewhere() {
    let Some(place) = real("mezzanine==6.1.1", "mezzanine/project_template") else { return };
    place.run(["adopt", "--yes"]).ok();
    assert!(place.read("deployment/settings.py").contains("from project_name.settings import *"));
    assert_snapshot!(place.read("Procfile"), @"web: gunicorn --config gunicorn.conf.py project_name.wsgi:application");
    place.run(["check"]).ok();
    place.run(["package"]).ok();
}

#[test]
fn a_site_from_the_time_of_django_1_3() {
    let Some(place) = real("Pinax==0.9a2", "pinax/projects/basic_project") else { return };
    let run = place.run(["adopt", "--yes"]).ok();
    assert!(run.stdout.contains("needs Django 2.2, and this is 1.3"), "{run}");
    assert!(run.stderr.contains("warning: Django 1.3 was not made for Python 3.11"), "{run}");
    // What a check finds is told, each with its rule, and nothing of it is in our files.
    assert!(run.stdout.contains("- EB110 settings.py:"), "{run}");
    assert!(place.read(".ebextensions/10-django.config").contains("DJANGO_SETTINGS_MODULE: settings\n"));
    assert!(!place.exists("deployment"));
    assert_eq!(place.sh("git", &["diff", "--name-only"]), "");
}
