//! Evidence: the platform that a project was made for, where nothing names it.
//!
//! One file says little: a `Dockerfile` may be there for development only, and `requirements.txt` for the image. So all
//! signs are weighed, and where they point both ways the answer is a guess that says what it is taken from.

use super::config_file::ConfigFile;
use super::platforms::Family;
use super::tree::{Tree, file_name};
use super::yaml::{self, Node};

/// A family, and why, as the end of a sentence; `guess` where other signs point elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub family: Family,
    pub because: String,
    pub guess: bool,
}

/// One sign: how much it weighs, and what it is.
type Sign = (u32, String);

impl Evidence {
    pub fn of(tree: &Tree, configs: &[ConfigFile]) -> Self {
        let compose = compose(tree);
        if let Some(content) = tree.content("Dockerrun.aws.json") {
            let document: serde_json::Value = serde_json::from_slice(content).unwrap_or_default();
            let version = &document["AWSEBDockerrunVersion"];
            let second = version.as_str() == Some("2") || version.as_i64() == Some(2);
            // Docker's platform reads no second version, so it is there for ECS; compose is what it was made from.
            if second || compose.is_none() {
                let family = if second { Family::Ecs } else { Family::Docker };
                let because = "there is a `Dockerrun.aws.json`".to_owned();
                return Self { family, because, guess: compose.is_some() };
            }
        }
        let (python, docker) = (python(tree, configs, compose), docker(tree, configs, compose));
        let other = other(tree, configs);
        let weight = |signs: &[Sign]| signs.iter().map(|(weight, _)| weight).sum::<u32>();
        if let Some((_, because)) = other.first().filter(|_| weight(&other) > weight(&python) + weight(&docker)) {
            // Whatever else points elsewhere: no rule of another family may speak.
            return Self { family: Family::Other, because: because.clone(), guess: weight(&docker) > 0 };
        }
        let family =
            if weight(&docker) > 0 && weight(&docker) >= weight(&python) { Family::Docker } else { Family::Python };
        let signs = if family == Family::Docker { &docker } else { &python };
        let heaviest = signs.iter().max_by_key(|(weight, _)| *weight).map(|(_, what)| what.clone());
        Self {
            family,
            because: heaviest.unwrap_or_else(|| "nothing speaks for another".to_owned()),
            // `requirements.txt` beside a `Dockerfile` is what an image is built from.
            guess: weight(&python) > 1 && weight(&docker) > 0,
        }
    }
}

/// Signs of the platforms of other languages: options that only they have, and what their servers start.
fn other(tree: &Tree, configs: &[ConfigFile]) -> Vec<Sign> {
    const FAMILIES: [&str; 5] = ["php:", "nodejs", "dotnet:", "tomcat:", "java"];
    let mut signs = Vec::new();
    for file in configs {
        let of_other = |namespace: &str| {
            let family = namespace.strip_prefix("aws:elasticbeanstalk:container:");
            family.is_some_and(|family| FAMILIES.iter().any(|other| family.starts_with(other)))
        };
        if let Some(option) = file.option_settings.iter().find(|setting| of_other(&setting.namespace.value)) {
            signs.push((8, format!("`{}` sets `{}`", file.path, option.name.value)));
        }
    }
    for name in ["composer.json", "package.json", "Gemfile", "go.mod", "pom.xml"] {
        if tree.is_file(name) {
            signs.push((1, format!("there is a `{name}`")));
        }
    }
    // A page's scripts need a `package.json` anywhere: by itself it says nothing, unless nothing here is of Python.
    let of_python = |path: &str| {
        let name = file_name(path);
        (path.ends_with(".py") && path.matches('/').count() < 3)
            || matches!(name, "Pipfile" | "pyproject.toml" | "requirements.txt")
    };
    let alone = || !tree.iter().any(|(path, _)| of_python(path) && !path.contains("node_modules/"));
    if signs.first().is_some_and(|(weight, _)| *weight == 1) && !alone() { Vec::new() } else { signs }
}

fn python(tree: &Tree, configs: &[ConfigFile], compose: Option<&str>) -> Vec<Sign> {
    // As a folder of the path, or below `/var/app` where somebody has gone before.
    let venv = |text: &str| text.contains("/var/app/venv") || text.contains("venv/staging-");
    let mut signs = Vec::new();
    for file in configs {
        let option = file.option_settings.iter().find(|setting| {
            setting.namespace.value == "aws:elasticbeanstalk:container:python" && setting.name.value != "StaticFiles"
        });
        if let Some(option) = option {
            signs.push((5, format!("`{}` sets `{}`", file.path, option.name.value)));
        }
        // A file that nobody can parse says what it is meant for all the same.
        if file.root.is_none() && file.text.contains("elasticbeanstalk:container:python") {
            signs.push((5, format!("`{}` is for Python", file.path)));
        }
        if venv(&file.text) || file.text.contains("/opt/python/run/venv") {
            signs.push((4, format!("`{}` uses the virtual environment of the platform", file.path)));
        }
        let path = file.option_settings.iter().find(|setting| {
            setting.name.value == "PYTHONPATH"
                && ["/var/app/", "/opt/python/"].iter().any(|at| setting.value.value.contains(at))
        });
        if let Some(option) = path {
            signs.push((2, format!("`{}` sets `{}`", file.path, option.name.value)));
        }
    }
    for (path, _) in tree.under(".platform") {
        if tree.text(path).is_some_and(venv) {
            signs.push((4, format!("`{path}` uses the virtual environment of the platform")));
        }
    }
    let server =
        |line: &str| ["gunicorn", "uvicorn", "daphne", "hypercorn", "celery"].iter().any(|word| line.contains(word));
    if tree.text("Procfile").is_some_and(|text| text.lines().any(server)) {
        // Neither Docker's platform nor ECS reads a Procfile.
        signs.push((4, "`Procfile` starts a Python server".to_owned()));
    }
    if tree.is_file("requirements.txt") || tree.is_file("Pipfile") {
        signs.push((1, "there is a list of Python packages".to_owned()));
    }
    // With compose, Elastic Beanstalk runs no proxy of its own.
    if compose.is_some() && tree.is_dir(".platform/nginx") {
        signs.push((2, "`.platform/nginx` is for a proxy that compose does without".to_owned()));
    }
    signs
}

fn docker(tree: &Tree, configs: &[ConfigFile], compose: Option<&str>) -> Vec<Sign> {
    let mut signs = Vec::new();
    if let Some(path) = compose {
        let root = tree.text(path).and_then(|text| yaml::parse(text).ok()).flatten();
        let services = root.as_ref().and_then(|root| root.get("services")).and_then(Node::mapping);
        let builds =
            services.is_some_and(|services| services.named().any(|(_, _, service)| service.get("build").is_some()));
        // Without services it is of the first version, which compose no longer reads.
        if services.is_some() {
            signs.push((if builds { 3 } else { 1 }, format!("there is a `{path}`")));
        }
    }
    if let Some(text) = tree.text("Dockerfile") {
        let exposes = text.lines().any(|line| line.trim_start().to_ascii_uppercase().starts_with("EXPOSE"));
        signs.push((if exposes { 3 } else { 2 }, "there is a `Dockerfile`".to_owned()));
    }
    let container = |file: &&ConfigFile| file.text.contains("docker exec") || file.text.contains("docker-compose ");
    if let Some(file) = configs.iter().find(container) {
        signs.push((4, format!("`{}` works on containers", file.path)));
    }
    signs
}

/// The file of compose at the top of the tree.
fn compose(tree: &Tree) -> Option<&'static str> {
    ["docker-compose.yml", "docker-compose.yaml"].into_iter().find(|name| tree.is_file(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(files: &[(&str, &str)], family: Family, guess: bool) {
        let tree = files.iter().fold(Tree::default(), |tree, (path, content)| tree.file(path, content));
        let found = crate::beanstalk::customizations::Customizations::read(&tree).evidence.unwrap();
        assert_eq!((found.family, found.guess), (family, guess), "{files:?}: {found:?}");
    }

    #[test]
    fn descriptors_tell_the_family() {
        case(&[("manage.py", "")], Family::Python, false);
        case(&[("Dockerfile", "")], Family::Docker, false);
        case(&[("Dockerfile", ""), ("requirements.txt", "")], Family::Docker, false);
        case(&[("docker-compose.yml", "services: {web: {build: .}}")], Family::Docker, false);
        case(&[("Dockerrun.aws.json", r#"{"AWSEBDockerrunVersion": "1"}"#)], Family::Docker, false);
        case(&[("Dockerrun.aws.json", r#"{"AWSEBDockerrunVersion": 2}"#)], Family::Ecs, false);
        case(&[("Dockerrun.aws.json", r#"{"AWSEBDockerrunVersion": 2}"#), ("Dockerfile", "")], Family::Ecs, false);
        let compose = ("docker-compose.yml", "services: {web: {build: .}}");
        case(&[("Dockerrun.aws.json", r#"{"AWSEBDockerrunVersion": "2"}"#), compose], Family::Ecs, true);
        case(&[("Dockerrun.aws.json", r#"{"AWSEBDockerrunVersion": "1"}"#), compose], Family::Docker, false);
    }

    #[test]
    fn strong_signs_beat_a_weak_one() {
        const WSGI: &str =
            "option_settings:\n  aws:elasticbeanstalk:container:python:\n    WSGIPath: shop.wsgi:application\n";
        let database = ("docker-compose.yml", "services: {db: {image: postgres}}");
        let develops = ("Dockerfile", "FROM python:3.13\nCMD python manage.py runserver\n");
        case(&[(".ebextensions/a.config", WSGI), database, develops, ("requirements.txt", "")], Family::Python, true);
        let venv = "container_commands:\n  a: {command: source /var/app/venv/*/bin/activate}\n";
        case(&[(".ebextensions/a.config", venv), develops, ("requirements.txt", "")], Family::Python, true);
        case(&[("Procfile", "web: gunicorn x"), develops, ("requirements.txt", "")], Family::Python, true);
        let exposes = ("Dockerfile", "FROM python:3.13\nEXPOSE 8000\n");
        let builds = ("docker-compose.yml", "services: {web: {build: .}}");
        case(&[exposes, builds, ("Procfile", "web: gunicorn x"), ("requirements.txt", "")], Family::Docker, true);
        case(&[("docker-compose.yml", "web: {build: .}"), ("requirements.txt", "")], Family::Python, false);
    }
}
