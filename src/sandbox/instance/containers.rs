//! Containers' work, read from their descriptors, so that a machine without an engine can run the web process.
//!
//! The process is run in a virtual environment instead of the image. What needs the image is told and not done.

use std::path::Path;

use crate::beanstalk::dockerfile::{Instruction, instructions};
use crate::beanstalk::yaml::{self, Node};

/// The part of a project's containers that can run here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) env: Vec<(String, String)>,
    /// Has to end well before the site starts: a name and a command each.
    pub(crate) first: Vec<(String, String)>,
    pub(crate) web: Option<String>,
    /// The port that the process believes to have.
    pub(crate) port: Option<u16>,
    /// Steps of the image and other containers, which are left out.
    pub(crate) left_out: Vec<(&'static str, String)>,
}

impl Plan {
    /// Read `descriptor`, and the Dockerfile beside it, in `dir`.
    pub(crate) fn read(dir: &Path, descriptor: &str) -> Self {
        let text = |name: &str| std::fs::read_to_string(dir.join(name)).ok();
        let mut plan = text("Dockerfile").map(|text| dockerfile(&text)).unwrap_or_default();
        let described = match descriptor {
            "Dockerrun.aws.json" => text(descriptor).map(|text| dockerrun(&text)),
            "Dockerfile" => None,
            compose => text(compose).map(|text| self::compose(&text)),
        };
        if let Some(group) = described {
            plan.env.extend(group.env);
            plan.first.extend(group.first);
            plan.web = group.web.or(plan.web);
            plan.left_out.extend(group.left_out);
        }
        plan
    }
}

fn dockerfile(text: &str) -> Plan {
    let mut plan = Plan::default();
    let mut entrypoint = None;
    let mut command = None;
    for Instruction { name, rest, .. } in instructions(text).iter().filter(|one| !one.rest.is_empty()) {
        match name.as_str() {
            "ENV" => plan.env.extend(variables(rest)),
            "EXPOSE" => plan.port = rest.split(['/', ' ']).next().and_then(|port| port.parse().ok()).or(plan.port),
            "ENTRYPOINT" => entrypoint = Some(words(rest)),
            "CMD" => command = Some(words(rest)),
            // Django's own steps need no image.
            "RUN" if rest.contains("manage.py") => plan.first.push(("image".to_owned(), rest.to_owned())),
            "RUN" if rest.contains("pip install") && rest.contains("requirements.txt") => {}
            "RUN" => plan.left_out.push(("image step", rest.to_owned())),
            _ => {}
        }
    }
    plan.web = match (entrypoint, command) {
        (Some(entrypoint), Some(command)) => Some(format!("{entrypoint} {command}")),
        (one, other) => one.or(other),
    };
    plan
}

/// `A=1 B="two words"`, or `A the rest`.
fn variables(text: &str) -> Vec<(String, String)> {
    if !text.split_whitespace().next().is_some_and(|word| word.contains('=')) {
        return text
            .split_once(char::is_whitespace)
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .into_iter()
            .collect();
    }
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let quoted = after.strip_prefix('"').and_then(|after| after.split_once('"'));
        let (value, after) = quoted.unwrap_or_else(|| after.split_once(char::is_whitespace).unwrap_or((after, "")));
        found.push((name.trim().to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    found
}

/// The exec form is JSON; the other one is for the shell as it is.
fn words(text: &str) -> String {
    serde_json::from_str::<Vec<String>>(text).map_or_else(|_| text.to_owned(), |list| quoted(&list))
}

/// One command line for the shell.
fn quoted<S: AsRef<str>>(list: &[S]) -> String {
    let plain =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c));
    let quote = |word: &str| if plain(word) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) };
    list.iter().map(|word| quote(word.as_ref())).collect::<Vec<_>>().join(" ")
}

fn compose(text: &str) -> Plan {
    let mut plan = Plan::default();
    let Ok(Some(root)) = yaml::parse(text) else { return plan };
    let services: Vec<(&str, &Node)> = root
        .get("services")
        .and_then(Node::mapping)
        .map(|services| services.named().map(|(name, _, node)| (name, node)).collect())
        .unwrap_or_default();
    let find = |wanted: &str| services.iter().find(|(name, _)| *name == wanted).copied();
    let Some((name, web)) =
        find("web").or_else(|| services.iter().find(|(_, node)| node.get("ports").is_some()).copied())
    else {
        return plan;
    };
    plan.web = command(web.get("command"));
    plan.env = environment(web.get("environment"));
    let mut done = vec![name];
    for (needed, _, how) in web.get("depends_on").and_then(Node::mapping).iter().flat_map(|map| map.named()) {
        let ends = how.get("condition").and_then(Node::as_str) == Some("service_completed_successfully");
        let run = find(needed).filter(|_| ends).and_then(|(_, node)| command(node.get("command")));
        if let Some(run) = run {
            plan.first.push((needed.to_owned(), run));
            done.push(needed);
        }
    }
    let others = services.iter().filter(|(name, _)| !done.contains(name));
    plan.left_out = others.map(|(name, _)| ("container", (*name).to_owned())).collect();
    plan
}

fn command(node: Option<&Node>) -> Option<String> {
    let node = node?;
    match node.sequence() {
        Some(items) => Some(quoted(&items.iter().filter_map(Node::as_str).collect::<Vec<_>>())),
        None => node.as_str().map(str::to_owned),
    }
}

fn environment(node: Option<&Node>) -> Vec<(String, String)> {
    let Some(node) = node else { return Vec::new() };
    if let Some(items) = node.sequence() {
        let pairs = items.iter().filter_map(|item| item.as_str()?.split_once('='));
        return pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    }
    let pairs = node.mapping().into_iter().flat_map(|map| map.named());
    pairs.filter_map(|(name, _, value)| Some((name.to_owned(), value.as_str()?.to_owned()))).collect()
}

fn dockerrun(text: &str) -> Plan {
    let mut plan = Plan::default();
    let document: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let Some(containers) = document["containerDefinitions"].as_array() else { return plan };
    let name = |container: &serde_json::Value| container["name"].as_str().unwrap_or_default().to_owned();
    let list = |container: &serde_json::Value| {
        let words = container["command"].as_array()?;
        Some(quoted(&words.iter().filter_map(|word| word.as_str()).collect::<Vec<_>>()))
    };
    let web = containers.iter().find(|container| name(container) == "web");
    if let Some(web) = web {
        plan.web = list(web);
        let pairs = web["environment"].as_array().into_iter().flatten();
        plan.env = pairs
            .filter_map(|pair| Some((pair["name"].as_str()?.to_owned(), pair["value"].as_str()?.to_owned())))
            .collect();
    }
    let others = containers.iter().map(name).filter(|name| name != "web");
    plan.left_out = others.map(|name| ("container", name)).collect();
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_dockerfile_says_what_to_run() {
        let plan = dockerfile(
            "FROM python\nENV A=1 B=\"two words\"\nENV C three\nRUN apt-get update && \\\n  apt-get install x\nRUN pip install -r requirements.txt\n\
             RUN SECRET_KEY=x python manage.py collectstatic\nEXPOSE 8000\nCMD [\"gunicorn\", \"a b\"]\n",
        );
        assert_eq!(plan.env, [pair("A", "1"), pair("B", "two words"), pair("C", "three")]);
        assert_eq!(plan.first, [pair("image", "SECRET_KEY=x python manage.py collectstatic")]);
        assert_eq!(plan.web.as_deref(), Some("gunicorn 'a b'"));
        assert_eq!(plan.port, Some(8000));
        assert_eq!(plan.left_out, [("image step", "apt-get update && apt-get install x".to_owned())]);
    }

    #[test]
    fn a_compose_file_says_what_comes_first() {
        let plan = compose(
            "services:\n  migrate:\n    command: sh -c \"python manage.py migrate\"\n  web:\n    environment:\n      REDIS_URL: redis://redis\n    \
             depends_on:\n      migrate:\n        condition: service_completed_successfully\n    ports: ['80:8000']\n  redis: {image: redis}\n",
        );
        assert_eq!(plan.first, [pair("migrate", "sh -c \"python manage.py migrate\"")]);
        assert_eq!(plan.web, None);
        assert_eq!(plan.env, [pair("REDIS_URL", "redis://redis")]);
        assert_eq!(plan.left_out, [("container", "redis".to_owned())]);
    }

    #[test]
    fn the_web_container_of_ecs_has_a_command() {
        let plan = dockerrun(
            r#"{"AWSEBDockerrunVersion": 2, "containerDefinitions": [
                {"name": "web", "command": ["sh", "-c", "exec gunicorn a"]}, {"name": "nginx", "image": "nginx"}]}"#,
        );
        assert_eq!(plan.web.as_deref(), Some("sh -c 'exec gunicorn a'"));
        assert_eq!(plan.left_out, [("container", "nginx".to_owned())]);
    }
}
