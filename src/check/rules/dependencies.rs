//! Where Python's packages come from, and whether they can be installed on Amazon Linux 2023.

mod absent;
mod advice;
mod because;
mod bounds;
mod compiled;
mod compilers;
mod drivers;
mod ended;
mod first_use;
mod installs;
mod loads;
mod newest;
mod others;
mod outside;
mod pins;
pub(super) mod pythons;
mod starts;
mod stops;
mod tables;
mod tools;

pub(super) use absent::lacked;

use crate::beanstalk::encoding;
use crate::beanstalk::requirements::{FILE, Requirement, beside};
use crate::beanstalk::version::Version;
use crate::beanstalk::wheel::on_every_instance;
use crate::check::finding::Edit;
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    encodings(subject);
    others::of_images(subject);
    of_image(subject);
    compilers::check(subject);
    if !subject.python() || !subject.deployable() {
        return;
    }
    which(subject);
    super::wheels::check(subject);
    let requirements = subject.requirements();
    super::refused::check(subject, &requirements);
    let scripts = subject.scripts();
    let packages: Vec<&str> = subject
        .customizations
        .used()
        .flat_map(|file| file.packages.iter().map(|package| package.name.value.as_str()))
        .collect();
    // `git` is a word of many names.
    let installs_word = |needles: &[&str]| {
        let words = |text: &str| {
            let installs = ["yum ", "dnf "].iter().any(|tool| text.contains(tool));
            installs
                && text
                    .split(|char: char| !(char.is_alphanumeric() || "-_.".contains(char)))
                    .any(|word| needles.contains(&word))
        };
        packages.iter().any(|name| needles.contains(name))
            || scripts.iter().any(|script| script.place.precedes_packages() && words(script.text))
    };
    let python = instance_python(subject);
    let counts = |line: &&Requirement| line.holds(&|name| on_instance(name, python)) != Some(false);
    for requirement in requirements.lines.iter().filter(|line| !line.constraint).filter(counts) {
        machine(subject, requirement, python, &installs_word);
        build(subject, requirement);
    }
    heavy(subject, &requirements.lines);
    absent::check(subject, &requirements);
    outside::check(subject, &requirements);
    pins::check(subject, &requirements);
    bounds::check(subject, &requirements);
    drivers::check(subject, &requirements);
    starts::check(subject, &requirements);
    others::of_scripts(subject, &requirements);
}

/// What the image does not have that the code needs.
fn of_image(subject: &mut Subject<'_>) {
    let known = subject.inside().filter(|_| subject.prepared() && !subject.guessed());
    let Some(inside) = known.filter(|inside| inside.packages.is_some()) else { return };
    let packages = subject.requirements();
    let before = subject.found().len();
    let ours =
        subject.settings().is_some_and(|settings| settings.files.iter().all(|path| path.starts_with(&inside.folder)));
    pins::in_image(subject, &packages, &inside, ours);
    // An old pip takes what another package refuses.
    if inside.at_once && inside.minor >= 10 {
        bounds::check(subject, &packages);
    }
    absent::in_image(subject, &packages, &inside, ours);
    if !inside.is_sure {
        subject.doubt(before);
    }
}

/// The Python of the branch that is named.
fn instance_python(subject: &Subject<'_>) -> Option<Version> {
    subject.customizations.platform.as_ref()?.branch?.python
}

/// What a variable of markers is on an instance.
fn on_instance(name: &str, python: Option<Version>) -> Option<String> {
    match name {
        "python_version" => python.map(|python| python.to_string()),
        _ => on_every_instance(name).map(str::to_owned),
    }
}

/// Packages that a small instance has no memory or time for.
fn heavy(subject: &mut Subject<'_>, requirements: &[Requirement]) {
    const HEAVY: &[&str] = &[
        "torch",
        "tensorflow",
        "jax",
        "jaxlib",
        "scipy",
        "scikit-learn",
        "pandas",
        "pyarrow",
        "opencv-python",
        "opencv-python-headless",
        "spacy",
        "transformers",
        "sentence-transformers",
        "xgboost",
        "lightgbm",
        "prophet",
        "numba",
        "onnxruntime",
        "polars",
    ];
    let customizations = subject.customizations;
    let types = customizations
        .option("aws:ec2:instances", "InstanceTypes")
        .or_else(|| customizations.option("aws:autoscaling:launchconfiguration", "InstanceType"));
    let small = types.and_then(|types| {
        types.split(',').map(str::trim).find(|kind| kind.ends_with(".micro") || kind.ends_with(".nano"))
    });
    let swap = subject.scripts().iter().any(|script| script.text.contains("swapon"))
        || customizations.used().any(|file| file.files.iter().any(|entry| entry.path.value.contains("swap")));
    let Some(small) = small.filter(|_| !swap) else { return };
    if let Some(requirement) = requirements.iter().find(|requirement| HEAVY.contains(&requirement.name.as_str())) {
        let message = format!(
            "pip may be killed for want of memory, or still be at it when the deployment times out: `{}` on a `{small}`",
            requirement.name
        );
        let fix = "take an instance with 2 GiB or more, or `beansprout add swap-file`; `Timeout` in `aws:elasticbeanstalk:command` gives it more time";
        subject.find("EB055", &requirement.path, requirement.span.clone(), message, fix);
    }
}

fn encodings(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let paths: Vec<&str> = tree.iter().map(|(path, _)| path).filter(|path| path.ends_with(".txt")).collect();
    for path in paths {
        let Some(content) = tree.content(path) else { continue };
        let fix = "save it as UTF-8 without a byte order mark";
        match encoding::decode(content) {
            Ok(_) => {}
            // pip knows UTF-16 by its mark (`auto_decode`, tried with 20.3 to 25.3).
            Err(_) if content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff") => {}
            Err(error) => {
                let message = format!("pip fails with `Invalid requirement`: {error}");
                let finding = subject.find("EB050", path, error.range(), message, fix);
                if let Some(text) = encoding::recover(content) {
                    finding.edit(Edit::Content(text));
                }
            }
        }
    }
}

fn which(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let read: Vec<&str> = [FILE, "Pipfile.lock", "Pipfile"].into_iter().filter(|path| tree.is_file(path)).collect();
    let locks = ["uv.lock", "poetry.lock", "pdm.lock"];
    let unread = locks.into_iter().find(|path| tree.is_file(path));
    if let ([], Some(lock)) = (read.as_slice(), unread) {
        let message = format!("nothing is installed: Elastic Beanstalk does not read `{lock}`");
        let fix = match lock {
            "uv.lock" => "`uv export --no-dev --format requirements-txt -o requirements.txt`",
            "poetry.lock" => "`poetry export -o requirements.txt`",
            _ => "`pdm export -o requirements.txt`",
        };
        subject.find_file("EB053", lock, message, fix);
    }
}

/// Lines that `pip freeze` wrote on somebody's machine.
fn machine(
    subject: &mut Subject<'_>,
    requirement: &Requirement,
    python: Option<Version>,
    installs: &dyn Fn(&[&str]) -> bool,
) {
    let (line, path) = (requirement.text.as_str(), requirement.path.as_str());
    let marker = requirement.holds(&|name| on_instance(name, python)) != Some(true);
    let span = requirement.span.clone();
    let windows = ["pywin32", "pypiwin32", "pywinpty", "wmi", "pyreadline", "pywin32-ctypes", "windows-curses"];
    let local = local_path(requirement);
    let inside =
        |path: &str| beside("", path).is_some_and(|path| subject.tree.is_file(&path) || subject.tree.is_dir(&path));
    if line.contains("file:///var/app/") {
        // Where the bundle is unpacked.
    } else if let Some(path) = local.filter(|path| !inside(path)) {
        let elsewhere = path.starts_with('/') || path.contains(":\\");
        let message = match elsewhere {
            true => "pip fails: this path is on the machine that wrote the file".to_owned(),
            false => format!("pip fails: there is no `{path}` in the bundle"),
        };
        subject.find("EB051", &requirement.path, span, message, "name the version from the package index instead");
    } else if line.contains("file://") {
        let message = "pip fails: this path is on the machine that wrote the file";
        subject.find("EB051", path, span, message, "name the version from the package index instead");
    } else if windows.contains(&requirement.name.as_str()) && !marker {
        let message = format!("pip fails: `{}` exists for Windows only", requirement.name);
        let fixed = format!("{line}; sys_platform == \"win32\"");
        let whole = span.len() == line.len();
        let finding = subject.find("EB051", path, span, message, "add `; sys_platform == \"win32\"`");
        if whole {
            finding.replace(fixed);
        }
    } else if requirement.editable && !line.contains("://") && !line.contains("git@") {
        let message = "an editable install points into `/var/app/staging`, which is renamed a moment later";
        subject.find("EB051", path, span, message, "install it as a package, or leave the line out");
    } else if let Some(tool) = ["hg", "svn", "bzr"].into_iter().find(|tool| line.contains(&format!("{tool}+")))
        && !installs(&[tool, "mercurial", "subversion"])
    {
        let message = format!("pip fails with `{tool}: command not found`: the instance has none");
        subject.find("EB052", path, span, message, "name an archive by its URL");
    } else if (line.contains("git+ssh://") || line.contains("git+git@")) && !knows_ssh(subject) {
        let message = "pip fails with `Permission denied (publickey)`: the instance has no key for `git+ssh`";
        let fix = "write `git+https://` where the repository is public, or ship the package as a wheel";
        subject.find("EB052", path, span, message, fix);
    } else if line.contains("git+") || line.contains("git://") {
        let git = installs(&["git"]);
        if line.contains("git://github.com") {
            let message = "pip fails: GitHub no longer answers `git://`";
            subject.find("EB052", path, span, message, "write `git+https://`, and install `git` with `packages: yum:`");
        } else if !git {
            let message = "pip fails with `git: command not found`: the instance has no git";
            subject.find(
                "EB052",
                path,
                span,
                message,
                "add `packages: {yum: {git: []}}` to a `.config` file, or name an archive by its URL",
            );
        }
    }
}

/// Does a file that takes part in the deployment speak of keys or hosts of ssh?
fn knows_ssh(subject: &Subject<'_>) -> bool {
    let knows = |text: &str| text.contains("ssh") || text.contains("id_rsa");
    subject.scripts().iter().any(|script| knows(script.text))
        || subject.customizations.used().any(|file| knows(&file.text))
}

/// The file or folder that a line names instead of a package.
fn local_path(requirement: &Requirement) -> Option<&str> {
    let text = requirement.text.split([' ', '[']).next()?;
    let text = text.split(';').next()?;
    let archive = [".whl", ".tar.gz", ".zip"].iter().any(|ending| text.ends_with(ending));
    let path = text.starts_with("./") || text.starts_with("../") || text.starts_with('/') || archive;
    (path && !requirement.editable && !text.contains("://") && !text.contains('@')).then_some(text)
}

/// Packages that are compiled on the instance, without what they need.
fn build(subject: &mut Subject<'_>, requirement: &Requirement) {
    let lacks = |words: &str| !compiled::is_there(subject, words);
    match requirement.name.as_str() {
        "psycopg2" if lacks(installs::LIBPQ) => {
            let message = "pip fails with `pg_config executable not found`: `psycopg2` is compiled on the instance";
            let version = requirement.exact().and_then(installs::numbers);
            // `installs.txt` and `stops.txt` have what was tried.
            let fix = match version.is_some_and(|version| version < vec![2, 9, 10]) {
                true if subject.requirements().lines.iter().any(|line| line.name == "django") => {
                    "use `psycopg2-binary` 2.9.10 or newer, with Django 3.1 or newer; older sources of `psycopg2` do not work with every Python since 3.11"
                }
                true => {
                    "use `psycopg2-binary` 2.9.10 or newer; older sources of `psycopg2` do not work with every Python since 3.11"
                }
                false => {
                    "use `psycopg[binary]` or `psycopg2-binary`, or install `libpq-devel` and `gcc` with `packages: yum:`"
                }
            };
            subject.find("EB040", &requirement.path, requirement.span.clone(), message, fix);
        }
        "psycopg" if requirement.extras.iter().any(|extra| extra == "c") && lacks("libpq-devel|-server-devel") => {
            let message = "pip fails with `pg_config executable not found`: `psycopg[c]` is compiled on the instance";
            subject.find(
                "EB040",
                &requirement.path,
                requirement.span.clone(),
                message,
                "use `psycopg[binary]`, or install `libpq-devel` and `gcc`",
            );
        }
        // It asks for `psycopg2`, whatever its version.
        "django-heroku" if lacks(installs::LIBPQ) => {
            let message = "pip fails with `pg_config executable not found`: `django-heroku` brings `psycopg2` along, which is compiled on the instance";
            let fix = "take it out, as it is for Heroku; or install `libpq-devel` and `gcc` with `packages: yum:`";
            subject.find("EB040", &requirement.path, requirement.span.clone(), message, fix);
        }
        "mysqlclient" if lacks("mariadb|mysql") => {
            // From 2.2 on it asks `pkg-config`.
            let old = requirement.exact().and_then(installs::numbers).is_some_and(|version| version < vec![2, 2]);
            let lacks = if old { "`mysql_config`" } else { "`pkg-config` file of MySQL" };
            let message = format!("pip fails: `mysqlclient` is compiled on the instance and finds no {lacks}");
            let fix = "install `mariadb105-devel`, `gcc` and `pkgconf` with `packages: yum:`, or use `PyMySQL`";
            subject.find("EB041", &requirement.path, requirement.span.clone(), message, fix);
        }
        _ => {}
    }
}
