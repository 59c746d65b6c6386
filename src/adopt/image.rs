//! Images and other places that run a project elsewhere: what their descriptions say of its settings, Python and packages.
//!
//! Read line by line as far as that is certain: what a shell would work out is left alone.

use crate::beanstalk::dockerfile::instructions;
use crate::beanstalk::procfile;
use crate::beanstalk::purpose::is_of_desk;
use crate::beanstalk::tree::{Tree, file_name};

const KEY: &str = "DJANGO_SETTINGS_MODULE";

/// The Dockerfiles that are meant for servers, the nearest to `folder` first.
pub(super) fn dockerfiles<'a>(tree: &'a Tree, folder: &str) -> Vec<&'a str> {
    let is = |path: &str| {
        let name = file_name(path).to_ascii_lowercase();
        name == "dockerfile" || name.starts_with("dockerfile.") || name.ends_with(".dockerfile")
    };
    let mut found: Vec<&str> = tree.iter().map(|(path, _)| path).filter(|path| is(path) && !is_of_desk(path)).collect();
    found.sort_by_key(|path| (!path.starts_with(folder), path.matches('/').count(), path.len()));
    found
}

/// Descriptions of hosts of another kind.
const HOSTS: &[&str] = &["fly.toml", "render.yaml", "app.yaml", "railway.toml", "railway.json", "app.json"];

/// Lists of packages for conda.
pub(super) const CONDA: &[&str] = &["environment.yml", "environment.yaml"];

/// Files that say how the project runs on a host of another kind.
fn hosts(tree: &Tree) -> impl Iterator<Item = &str> {
    let is = |path: &str| {
        let name = file_name(path).to_ascii_lowercase();
        let yaml = [".yml", ".yaml"].iter().any(|end| name.ends_with(end));
        HOSTS.contains(&name.as_str()) || (yaml && name.contains("compose") && name.contains("prod"))
    };
    tree.iter().map(|(path, _)| path).filter(move |path| is(path) && !is_of_desk(path))
}

/// Should this file be read for what it says here?
pub(super) fn reads(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    name.contains("dockerfile")
        || name.contains("compose")
        || HOSTS.contains(&name.as_str())
        || CONDA.contains(&name.as_str())
}

/// The settings modules that the places where it runs name, each with the file that says so.
pub(super) fn settings(tree: &Tree, folder: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut add = |module: Option<String>, path: &str| {
        if let Some(module) = module.filter(|module| !found.iter().any(|(known, _)| known == module)) {
            found.push((module, path.to_owned()));
        }
    };
    let procfile = procfile::parse(tree.text("Procfile").unwrap_or_default());
    add(procfile.web().and_then(|web| named(&web.command)), "Procfile");
    for path in dockerfiles(tree, folder) {
        for instruction in instructions(tree.text(path).unwrap_or_default()) {
            if ["ENV", "CMD", "ENTRYPOINT"].contains(&instruction.name.as_str()) {
                add(named(&instruction.rest), path);
            }
        }
    }
    for path in hosts(tree) {
        add(tree.text(path).and_then(named), path);
    }
    found
}

/// The module that a text gives to the variable, if it is a plain name.
fn named(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(KEY)?;
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "=:\"'".contains(c));
    // `app.json` of Heroku has the value one level deeper.
    let rest =
        rest.strip_prefix('{').map_or(rest, |inner| inner.split_once("\"value\"").map_or("", |(_, value)| value));
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "=:\"'".contains(c));
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
    let (module, after) = rest.split_at(end);
    let plain = module.contains('.') && !module.starts_with(|c: char| c.is_ascii_digit()) && !module.ends_with('.');
    (plain && !after.starts_with(['$', '{', '-'])).then(|| module.to_owned())
}

/// What `pip install` lines of a Dockerfile install: packages, and files with lists of them.
pub(super) fn installed(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut packages, mut files) = (Vec::new(), Vec::new());
    for instruction in instructions(text).iter().filter(|instruction| instruction.name == "RUN") {
        for command in instruction.rest.split(['&', ';', '|']) {
            let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
            let pip = words
                .windows(2)
                .position(|pair| (pair[0].ends_with("pip") || pair[0].ends_with("pip3")) && pair[1] == "install");
            let Some(at) = pip else { continue };
            let mut rest = words[at + 2..].iter();
            while let Some(word) = rest.next() {
                match *word {
                    "-r" | "--requirement" => files.extend(rest.next().map(|file| (*file).to_owned())),
                    "-i" | "--index-url" | "--extra-index-url" | "-f" | "--find-links" | "-t" | "--target" | "-c"
                    | "--constraint" | "--prefix" | "--trusted-host" | "--platform" => drop(rest.next()),
                    _ if word.starts_with("-r") && word.len() > 2 => files.push(word[2..].to_owned()),
                    _ if word.starts_with('-') || word.contains(['$', '/', '*']) || *word == "." => {}
                    _ => packages.push((*word).to_owned()),
                }
            }
        }
    }
    // Tools of the build are no packages of the project.
    packages.retain(|line| {
        let name = line.split(['=', '<', '>', '~', '!', '[']).next().unwrap_or_default();
        !matches!(
            name,
            "pip" | "setuptools" | "wheel" | "poetry" | "pipenv" | "uv" | "pip-tools" | "virtualenv" | "pdm"
        )
    });
    (packages, files)
}

/// The packages of conda's `environment.yml`, as pip spells them.
pub(super) fn conda(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or_default();
        if !line.starts_with([' ', '-', '\t']) && !line.trim().is_empty() {
            inside = line.trim_start().starts_with("dependencies:");
            continue;
        }
        let Some(entry) =
            line.trim().strip_prefix("- ").map(|entry| entry.trim().trim_matches(['"', '\''])).filter(|_| inside)
        else {
            continue;
        };
        if entry.ends_with(':') || entry.is_empty() {
            continue;
        }
        let entry = entry.rsplit("::").next().unwrap_or(entry);
        let name = entry.split(['=', '<', '>', ' ', '~', '!', '[']).next().unwrap_or_default();
        // What only conda has.
        if matches!(
            name,
            "python"
                | "pip"
                | "setuptools"
                | "wheel"
                | "nodejs"
                | "postgresql"
                | "libpq"
                | "gcc"
                | "git"
                | "make"
                | "openssl"
        ) {
            continue;
        }
        let version = entry[name.len()..].trim();
        lines.push(match version.strip_prefix('=').filter(|rest| !rest.starts_with('=')) {
            // `=5.1` is any 5.1, and what follows another `=` is a build.
            Some(version) => {
                let version = version.split('=').next().unwrap_or_default().trim_end_matches(".*");
                if version.matches('.').count() >= 2 {
                    format!("{name}=={version}")
                } else {
                    format!("{name}=={version}.*")
                }
            }
            None => format!("{name}{}", version.replace(' ', "")),
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_names_its_settings() {
        #[track_caller]
        fn case(path: &str, text: &str, expected: Option<&str>) {
            let tree = Tree::default().file(path, text);
            let found = settings(&tree, "");
            assert_eq!(found.first().map(|(module, _)| module.as_str()), expected, "{path}: {text}");
        }
        case("Dockerfile", "FROM x\nENV DJANGO_SETTINGS_MODULE=a.production\n", Some("a.production"));
        case("docker/Dockerfile", "ENV A=1 \\\n    # why\n    DJANGO_SETTINGS_MODULE=\"a.b\"\n", Some("a.b"));
        case("Dockerfile.web", "ENV DJANGO_SETTINGS_MODULE a.b\n", Some("a.b"));
        case("compose.prod.yml", "    environment:\n      DJANGO_SETTINGS_MODULE: 'a.b'\n", Some("a.b"));
        case(
            "app.json",
            "{\"env\": {\"DJANGO_SETTINGS_MODULE\": {\"required\": true, \"value\": \"a.heroku\"}}}",
            Some("a.heroku"),
        );
        case("Procfile", "web: DJANGO_SETTINGS_MODULE=a.b gunicorn a.wsgi\n", Some("a.b"));
        // For one command of the build, for a desk, or made while it is built.
        case("Dockerfile", "RUN DJANGO_SETTINGS_MODULE=a.static python manage.py collectstatic\n", None);
        case("Dockerfile.dev", "ENV DJANGO_SETTINGS_MODULE=a.local\n", None);
        case("docker-compose.yml", "DJANGO_SETTINGS_MODULE: a.local\n", None);
        case("Dockerfile", "ENV DJANGO_SETTINGS_MODULE=a.${STAGE}\n", None);
    }

    #[test]
    fn what_an_image_installs() {
        let text = "FROM python\nRUN pip install --no-cache-dir -U pip && \\\n    pip3 install 'Django==5.1' psycopg2-binary -r deps.txt\nRUN apt-get install x\n";
        let (packages, files) = installed(text);
        assert_eq!(
            (packages, files),
            (vec!["Django==5.1".to_owned(), "psycopg2-binary".to_owned()], vec!["deps.txt".to_owned()])
        );
    }

    #[test]
    fn what_conda_installs() {
        let text = "name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.12\n  - conda-forge::django=5.1\n  - numpy=1.26.4=py312h\n  - pillow >=10\n  - pip:\n    - whitenoise==6.7.0\nprefix: /x\n";
        assert_eq!(conda(text), ["django==5.1.*", "numpy==1.26.4", "pillow>=10", "whitenoise==6.7.0"]);
    }
}
