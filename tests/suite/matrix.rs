//! Every two answers that can meet, for every built-in stack: rendered, and each rendering held to what is true of all.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::harness::{Place, cache_dir, left_out};

pub(crate) struct Rendering {
    pub(crate) dir: PathBuf,
    pub(crate) answers: serde_json::Value,
}

impl Rendering {
    /// The project's Python package.
    pub(crate) fn package(&self) -> &str {
        self.answers["project_name"].as_str().unwrap()
    }

    pub(crate) fn says(&self, key: &str, value: &str) -> bool {
        self.answers[key] == value
    }

    pub(crate) fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.dir.join(path)).ok()
    }

    /// All files, below the rendering's folder.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.dir.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }
}

/// The renderings of a stack, made once.
pub(crate) fn renderings(stack: &str) -> &'static [Rendering] {
    static MADE: [OnceLock<Vec<Rendering>>; STACKS.len()] = [const { OnceLock::new() }; STACKS.len()];
    let number = STACKS.iter().position(|known| *known == stack).unwrap();
    MADE[number].get_or_init(|| {
        // Not in a place of its own: what a `static` holds is never dropped, and would stay in `/tmp`. What earlier runs
        // left is taken away, unless such a run is still going on.
        let mine = format!("matrix-{stack}-{}", std::process::id());
        for entry in std::fs::read_dir(cache_dir()).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let process = name.strip_prefix(&format!("matrix-{stack}-")).map(|id| Path::new("/proc").join(id));
            if process.is_some_and(|process| !process.exists()) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        let out = cache_dir().join(mine);
        let place = Place::new();
        let document = place
            .run(["--json", "stack", "matrix", stack, "--out", out.to_str().unwrap()])
            .ok()
            .document("stack-matrix/1");
        let rendering = |value: &serde_json::Value| Rendering {
            dir: PathBuf::from(value["directory"].as_str().unwrap()),
            answers: value["answers"].clone(),
        };
        document["renderings"].as_array().unwrap().iter().map(rendering).collect()
    })
}

const STACKS: [&str; 4] = ["docker", "ecs", "python", "worker"];

pub(crate) fn all() -> impl Iterator<Item = &'static Rendering> {
    STACKS.into_iter().flat_map(renderings)
}

pub(crate) fn run(command: &mut Command) -> (bool, String) {
    let output =
        command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

#[test]
fn nothing_of_the_generator_is_left() {
    for rendering in all() {
        for path in rendering.files() {
            let text = std::fs::read_to_string(&path).unwrap();
            let own = path.strip_prefix(&rendering.dir).unwrap();
            let has_own_braces = own.starts_with("templates") || own.starts_with(".github");
            assert!(has_own_braces || !(text.contains("{{") || text.contains("{%")), "{}:\n{text}", path.display());
            assert!(!text.contains("<%"), "{}:\n{text}", path.display());
            assert!(text.is_empty() || text.ends_with('\n'), "{} does not end its last line", path.display());
            assert!(!text.starts_with('\n'), "{} begins with an empty line", path.display());
            let trailing = text.lines().find(|line| line.ends_with([' ', '\t']));
            assert_eq!(trailing, None, "{}", path.display());
        }
    }
}

#[test]
fn our_own_check_finds_nothing_and_the_bundle_is_sound() {
    let place = Place::new();
    for rendering in all() {
        let dir = rendering.dir.to_str().unwrap();
        let check = place.run(["-C", dir, "check"]);
        assert_eq!(check.exit, 0, "{:#}\n{check}", rendering.answers);
        let package = place.run(["-C", dir, "package", "--dry-run"]);
        assert_eq!(package.exit, 0, "{:#}\n{package}", rendering.answers);
    }
}

#[test]
fn python_compiles() {
    for stack in STACKS {
        let folder = renderings(stack)[0].dir.parent().unwrap();
        let code = "import ast, pathlib, sys\n\
            for path in pathlib.Path(sys.argv[1]).rglob('*.py'): ast.parse(path.read_text(), str(path))";
        let (fine, said) = run(Command::new("python3").args(["-c", code]).arg(folder));
        assert!(fine, "{said}");
    }
}

#[test]
fn scripts_are_executable_and_well_formed() {
    let shellcheck = Command::new("shellcheck").arg("--version").output().is_ok();
    if !shellcheck {
        left_out("shellcheck is not installed (Debian: `shellcheck`); `bash -n` looks instead");
    }
    let mut seen = std::collections::BTreeSet::new();
    for rendering in all() {
        for path in rendering.files() {
            let text = std::fs::read_to_string(&path).unwrap();
            if !text.starts_with("#!") {
                continue;
            }
            let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
            assert_eq!(mode & 0o111, 0o111, "{} is not executable", path.display());
            // Most renderings hold the same scripts.
            if text.starts_with("#!/bin/bash") && seen.insert(text) {
                let mut command = Command::new(if shellcheck { "shellcheck" } else { "bash" });
                command.args(if shellcheck { &[][..] } else { &["-n"] });
                let (fine, said) = run(command.arg(&path));
                assert!(fine, "{}\n{said}", path.display());
            }
        }
    }
    assert!(seen.len() >= 3, "{seen:?}");
}

#[test]
fn nginx_takes_its_configuration() {
    if Command::new("nginx").arg("-v").output().is_err() {
        left_out("nginx is not installed (Debian: `nginx`)");
        return;
    }
    let temp = tempfile::tempdir().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for rendering in all() {
        let folder = rendering.dir.join(".platform/nginx/conf.d");
        let text: String = rendering
            .files()
            .iter()
            .filter(|path| path.starts_with(&folder) || path.ends_with("proxy/conf.d/site.conf"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            // The name of a container, which nobody answers to here.
            .map(|text| text.replace("server web:8000", "server 127.0.0.1:8000"))
            .collect();
        if text.is_empty() || !seen.insert(text.clone()) {
            continue;
        }
        let config = temp.path().join("nginx.conf");
        let whole = format!("pid {}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{text}\n}}\n", temp.path().display());
        std::fs::write(&config, whole).unwrap();
        let (fine, said) = run(Command::new("nginx").args(["-t", "-e", "stderr", "-c"]).arg(&config));
        assert!(fine, "{said}\n{text}");
    }
    assert!(!seen.is_empty());
}

/// What the project's own continuous integration would say.
#[test]
fn ruff_finds_nothing_to_say_and_nothing_to_format() {
    let python = python_with_everything();
    let ruff = python.with_file_name("ruff");
    for stack in STACKS {
        let folder = renderings(stack)[0].dir.parent().unwrap();
        for arguments in [&["check", "--no-cache", "--quiet"][..], &["format", "--no-cache", "--check", "--diff"]] {
            let (fine, said) = run(Command::new(&ruff).args(arguments).arg(folder));
            assert!(fine, "{said}");
        }
    }
}

/// `container_commands` and both kinds of hooks agree on what has to be there after any kind of deployment.
#[test]
fn static_files_survive_a_change_of_configuration() {
    for rendering in renderings("python") {
        let deploy = rendering.read(".ebextensions/50-deploy.config").unwrap();
        let hook = rendering.read(".platform/confighooks/predeploy/20_collectstatic.sh").unwrap();
        let settings = format!("{}.settings.production", rendering.answers["project_name"].as_str().unwrap());
        for text in [&deploy, &hook] {
            assert!(text.contains(&format!("collectstatic --noinput --settings {settings}")), "{text}");
        }
        // Everywhere, not on the leader: a replaced instance needs them too.
        let collect = deploy.split("20_collectstatic").nth(1).unwrap();
        assert!(!collect.contains("leader_only"), "{deploy}");
    }
}

#[test]
fn every_option_has_its_reason() {
    for rendering in all() {
        for path in rendering.files().iter().filter(|path| path.extension().is_some_and(|e| e == "config")) {
            let text = std::fs::read_to_string(path).unwrap();
            let Some(options) = text.split("option_settings:\n").nth(1) else { continue };
            let mut above = "";
            for line in options.lines() {
                let namespace = line.trim_end().ends_with(':') || line.trim_start().starts_with("- namespace");
                // A group of options may share the reason above its first.
                let explained = above.trim_start().starts_with('#') || !above.trim_end().ends_with(':');
                assert!(namespace || line.trim_start().starts_with('#') || explained, "{}: {line}", path.display());
                above = line;
            }
        }
    }
}

#[test]
fn the_choices_show_in_the_files() {
    #[track_caller]
    fn case(key: &str, value: &str, path: &str, text: &str) {
        let with: Vec<_> = renderings("python").iter().filter(|rendering| rendering.says(key, value)).collect();
        assert!(!with.is_empty(), "no rendering has {key} = {value}");
        for rendering in with {
            let content = rendering.read(path).unwrap_or_else(|| panic!("{}/{path}", rendering.dir.display()));
            assert!(content.contains(text), "{path} without `{text}`:\n{content}");
        }
    }
    let production = |rendering: &Rendering| {
        rendering
            .read(&format!("{}/settings/production.py", rendering.answers["project_name"].as_str().unwrap()))
            .unwrap()
    };
    let package = renderings("python")[0].answers["project_name"].as_str().unwrap();
    let settings = format!("{package}/settings/production.py");
    case("python", "3.14", ".elasticbeanstalk/config.yml", "Python 3.14 running on 64bit Amazon Linux 2023");
    case("django", "6.1", "requirements.txt", "Django==6.1.");
    case("database", "postgresql", "requirements.txt", "psycopg-binary==");
    case("database", "mysql", "requirements.txt", "PyMySQL==");
    case("static_files", "nginx", ".ebextensions/40-static.config", "/static: staticfiles");
    case("static_files", "s3", &settings, "S3ManifestStaticStorage");
    case("cache", "redis", &settings, "RedisCache");
    case("server", "asgi", "Procfile", "asgi:application");
    case("profile", "learning", ".ebextensions/20-instances.config", "SingleInstance");
    case("profile", "steady", ".ebextensions/20-instances.config", "Immutable");
    case("profile", "spiky", ".ebextensions/32-broadcasts.config", "scheduledaction");
    case("instance_type", "t4g.small", ".ebextensions/20-instances.config", "SupportedArchitectures: arm64");
    case("domain", "www.example.com", &settings, "\"example.com\"");
    case("ami", "ami-0123456789abcdef0", ".ebextensions/20-instances.config", "ImageId: ami-0123456789abcdef0");
    case("ci", "github", ".github/workflows/publish.yml", "id-token: write");
    case("ci", "script", "ci/publish.sh", "beansprout --json publish");
    for rendering in renderings("python") {
        let text = production(rendering);
        assert_eq!(rendering.answers["https"] == true, text.contains("SECURE_SSL_REDIRECT = True"), "{text}");
        assert_eq!(rendering.answers["https"] == true, rendering.read(".ebextensions/31-https.config").is_some());
        assert_eq!(
            rendering.answers["celery"] == true,
            rendering.read("Procfile").unwrap().contains("\nworker: celery")
        );
        assert_eq!(
            rendering.answers["log_streaming"] == true,
            rendering.read(".ebextensions/42-logs.config").is_some()
        );
        assert!(!text.contains("\"*\"]"), "{text}");
    }
}

/// The renderings that Django itself can look at here.
fn able() -> Vec<&'static Rendering> {
    // Django 6.1 needs a newer Python than the tests ask for. The other stacks ship the same Django project, so a
    // sample of them will do.
    let others = ["docker", "ecs", "worker"].into_iter().flat_map(|stack| renderings(stack).iter().step_by(6));
    renderings("python").iter().chain(others).filter(|rendering| !rendering.says("django", "6.1")).collect()
}

/// A Python with everything that any choice needs.
pub(crate) fn python_with_everything() -> PathBuf {
    let requirements = able()
        .into_iter()
        .flat_map(|rendering| ["requirements.txt", "requirements-dev.txt"].map(|list| rendering.read(list).unwrap()));
    let mut pins: Vec<String> = requirements
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| !line.starts_with(['#', '-']))
        .collect();
    pins.sort();
    pins.dedup();
    let place = Place::new().file("site/requirements.txt", pins.join("\n"));
    crate::site::installed(&place, "site")
}

/// With everything that any choice needs installed, Django itself looks at each rendering.
#[test]
fn django_finds_nothing_to_say_before_deployment() {
    let place = Place::new().var("SECRET_KEY", "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz");
    let (able, python) = (able(), python_with_everything());
    for rendering in renderings("docker").iter().filter(|rendering| !rendering.says("django", "6.1")) {
        let dockerfile = rendering.read("Dockerfile").unwrap();
        // What the image's build runs; only looking, so that the rendering stays as it is.
        let Some(line) = dockerfile.lines().find(|line| line.contains("collectstatic")) else { continue };
        let command = format!("{} --dry-run", line.trim_start_matches("RUN "));
        let path = format!("{}:/usr/bin:/bin", python.parent().unwrap().display());
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).current_dir(&rendering.dir).env_clear().env("PATH", path);
        let (fine, said) = run(&mut shell);
        assert!(fine, "{command}\n{said}");
    }
    let halves = able.chunks(able.len().div_ceil(2));
    std::thread::scope(|scope| {
        for half in halves {
            let (place, python) = (&place, &python);
            scope.spawn(move || {
                for (number, rendering) in half.iter().enumerate() {
                    check(place, python, rendering, &["check", "--deploy", "--fail-level", "WARNING"], "production");
                    if number % 6 == 0 {
                        check(place, python, rendering, &["makemigrations", "--check", "--dry-run"], "development");
                        check(place, python, rendering, &["test"], "development");
                    }
                }
            });
        }
    });
}

#[track_caller]
fn check(place: &Place, python: &Path, rendering: &Rendering, arguments: &[&str], settings: &str) {
    let package = rendering.answers["project_name"].as_str().unwrap();
    let mut command = place.command(python);
    command.current_dir(&rendering.dir).arg("manage.py").args(arguments);
    command.args(["--settings", &format!("{package}.settings.{settings}")]);
    command.env("REDIS_URL", "redis://127.0.0.1:1/0");
    // On a desk without the variable it is SQLite, whatever was chosen; no server of either kind runs here.
    let kind = rendering.answers["database"].as_str().filter(|kind| *kind != "sqlite" && settings == "production");
    if let Some(kind) = kind {
        command.env("DATABASE_URL", format!("{kind}://user:password@127.0.0.1:1/name"));
    }
    let (fine, said) = run(&mut command);
    assert!(fine, "{}\n{:#}\n{said}", rendering.dir.display(), rendering.answers);
}

#[test]
fn a_task_is_given_up_by_the_daemon_before_anybody_else() {
    for rendering in renderings("worker") {
        let queue = rendering.read(".ebextensions/36-queue.config").unwrap();
        let number = |text: &str, before: &str| -> u32 {
            let rest = text.split(before).nth(1).unwrap_or_else(|| panic!("{before}\n{text}"));
            rest.chars()
                .skip_while(|c| !c.is_ascii_digit())
                .take_while(char::is_ascii_digit)
                .collect::<String>()
                .parse()
                .unwrap()
        };
        let daemon = number(&queue, "InactivityTimeout:");
        assert_eq!(daemon, 300);
        let gunicorn = number(&rendering.read("gunicorn.conf.py").unwrap(), "\ntimeout =");
        let nginx = number(&rendering.read(".platform/nginx/conf.d/tasks.conf").unwrap(), "proxy_read_timeout");
        let visible = number(&queue, "VisibilityTimeout:");
        assert!(daemon < gunicorn && gunicorn <= nginx && nginx < visible, "{daemon} {gunicorn} {nginx} {visible}");
        assert!(!rendering.read(".ebextensions/20-instances.config").unwrap().contains("LoadBalancerType"));
        assert!(
            rendering
                .read(&format!("{}/settings/base.py", rendering.answers["project_name"].as_str().unwrap()))
                .unwrap()
                .contains("\"tasks\"")
        );
    }
}
