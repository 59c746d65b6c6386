//! Containers: what the files of an environment start in containers, whichever of them says so.
//!
//! Source: Compose file reference (an `entrypoint` takes the command of the image away), Developer Guide, "Dockerrun.aws.json" v1 and v2.

use std::ops::Range;

use serde_json::Value;

use crate::beanstalk::compose;
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::requirements::beside;
use crate::beanstalk::yaml::{self, Node};
use crate::check::dockerfile::{Image, NAME, Origin};
use crate::check::images::{dockerfile, dockerfiles};
use crate::check::subject::{DOCKERRUN, Subject};
use crate::check::words::{self, Run, Word, is_python, is_shell};

/// A container, and what runs in it as far as that is known.
pub(in crate::check::rules) struct Container {
    /// What the file calls it, where that has names.
    pub(super) name: Option<String>,
    /// Where it is said what it starts.
    pub(in crate::check::rules) path: String,
    pub(super) span: Range<usize>,
    /// What it starts, and what scripts of the bundle start in turn.
    pub(in crate::check::rules) runs: Vec<Run>,
    pub(in crate::check::rules) built: Option<Built>,
    /// Is the image that runs surely the one that it is built from?
    pub(super) is_sure: bool,
    /// Names of variables that its file gives it; `None`: others may give it more.
    pub(super) variables: Option<Vec<String>>,
    /// What is published of it, but for what is not known: port of the instance, port of the container, and where that stands.
    pub(super) ports: Vec<(String, String, Range<usize>)>,
}

/// The `Dockerfile` of the bundle that an image is built from.
pub(in crate::check::rules) struct Built {
    pub(in crate::check::rules) image: Image,
    pub(in crate::check::rules) path: String,
}

/// What is started, as it is said somewhere.
struct Said {
    /// In its list form.
    words: Option<Vec<String>>,
    line: String,
    path: String,
    span: Range<usize>,
}

impl Said {
    fn of_words(words: Vec<String>, path: &str, span: Range<usize>) -> Self {
        Self { line: joined(&words), words: Some(words), path: path.to_owned(), span }
    }

    fn of_line(line: &str, path: &str, span: Range<usize>) -> Self {
        Self { words: None, line: line.to_owned(), path: path.to_owned(), span }
    }
}

fn joined(words: &[String]) -> String {
    words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect::<Vec<_>>().join(" ")
}

/// The containers of the environment, as far as its files say what they start.
pub(in crate::check::rules) fn all(subject: &Subject<'_>) -> Vec<Container> {
    match subject.customizations.containers.as_deref() {
        Some(NAME) => of_dockerfile(subject).into_iter().collect(),
        Some(DOCKERRUN) if subject.customizations.family == Family::Ecs => of_task(subject).unwrap_or_default(),
        Some(DOCKERRUN) => of_first_version(subject).into_iter().collect(),
        Some(path) => of_compose(subject, path).unwrap_or_default(),
        None => Vec::new(),
    }
}

impl Built {
    fn read(subject: &Subject<'_>, path: &str) -> Option<Self> {
        Some(Self { image: Image::read(subject.tree.text(path)?), path: path.to_owned() })
    }

    fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The path in the bundle of what the server of the image calls so.
    fn origin(&self, subject: &Subject<'_>, file: &str) -> Option<String> {
        let is_dir = |path: &str| beside(self.folder(), path).is_some_and(|path| subject.tree.is_dir(&path));
        match self.image.origin(&self.image.path_of(file)?, is_dir) {
            Origin::Context { path, .. } => beside(self.folder(), &path),
            Origin::Unknown => None,
        }
    }

    /// The entrypoint and the command that it has of its own.
    fn said(&self) -> (Option<Said>, Option<Said>) {
        let (entry, command) = self.image.starts();
        let said = |start: crate::check::dockerfile::Start| {
            let (rest, span) = (start.instruction.rest.trim(), start.instruction.span.clone());
            match serde_json::from_str::<Vec<String>>(rest) {
                Ok(words) => Said::of_words(words, &self.path, span),
                Err(_) => Said::of_line(rest, &self.path, span),
            }
        };
        (entry.map(said), command.map(said))
    }
}

impl Container {
    /// The text of the program in Python that a run carries out, where it comes from the bundle.
    pub(super) fn code<'a>(&self, subject: &Subject<'a>, run: &Run) -> Option<&'a str> {
        let word = run.carried_out().filter(|word| word.text.ends_with(".py"))?;
        let path = self.built.as_ref()?.origin(subject, &word.text)?;
        subject.tree.code(&path).or_else(|| subject.tree.text(&path))
    }

    /// Files of the bundle that its server loads, or that it carries out itself.
    pub(in crate::check::rules) fn loads(&self, subject: &Subject<'_>) -> Vec<String> {
        const SERVERS: [&str; 5] = ["gunicorn", "uvicorn", "hypercorn", "daphne", "waitress-serve"];
        let Some(built) = &self.built else { return Vec::new() };
        let file = |path: &str| built.origin(subject, path).filter(|path| subject.tree.is_file(path));
        let of_run = |run: &Run| {
            if SERVERS.contains(&run.name()) && !run.arguments.iter().any(|word| word.text.starts_with("--chdir")) {
                let of_word = |word: &Word| {
                    let module = word.text.split(':').next()?.replace('.', "/");
                    file(&format!("{module}.py")).or_else(|| file(&format!("{module}/__init__.py")))
                };
                return run.plain().find_map(of_word);
            }
            file(&run.carried_out().filter(|word| word.text.ends_with(".py"))?.text)
        };
        self.runs.iter().filter_map(of_run).collect()
    }

    /// Where a word stands in what it starts, else the whole of that.
    pub(in crate::check::rules) fn place(&self, subject: &Subject<'_>, word: &str) -> Range<usize> {
        let text = subject.tree.text(&self.path).unwrap_or_default();
        let within = text.get(self.span.clone()).unwrap_or_default();
        let at = within.match_indices(word).map(|(at, _)| at).find(|at| {
            let inside = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || "_-.".contains(char));
            !inside(within[..*at].chars().next_back()) && !inside(within[at + word.len()..].chars().next())
        });
        at.map_or(self.span.clone(), |at| self.span.start + at..self.span.start + at + word.len())
    }

    fn new(
        subject: &Subject<'_>,
        name: Option<&str>,
        given: (Option<Said>, Option<Said>),
        built: Option<Built>,
    ) -> Option<Self> {
        let own = built.as_ref().map(Built::said).unwrap_or_default();
        let (entry, command) = match given {
            // With an entrypoint of its own, it gets nothing of what the image says.
            (Some(entry), command) => (Some(entry), command),
            (None, Some(command)) => (own.0, Some(command)),
            (None, None) => own,
        };
        let runs = runs(subject, built.as_ref(), entry.as_ref(), command.as_ref());
        let said = command.or(entry)?;
        Some(Self {
            name: name.map(str::to_owned),
            path: said.path,
            span: said.span,
            runs,
            built,
            is_sure: true,
            variables: Some(Vec::new()),
            ports: Vec::new(),
        })
    }
}

/// What an entrypoint starts with the command that it is given.
fn runs(subject: &Subject<'_>, built: Option<&Built>, entry: Option<&Said>, command: Option<&Said>) -> Vec<Run> {
    let unfolded = |line: &str| unfold(subject, built, line, 0);
    let (entry, command) = match (entry, command) {
        (Some(one), None) | (None, Some(one)) => return unfolded(&one.line),
        (None, None) => return Vec::new(),
        (Some(entry), Some(command)) => (entry, command),
    };
    // A shell that is given a line takes nothing else.
    let Some(words) = &entry.words else { return unfolded(&entry.line) };
    let program = words.first().map(|word| words::base(word)).unwrap_or_default();
    let is_script = words.iter().any(|word| word.ends_with(".sh"))
        || (words.first().is_some_and(|word| word.contains('/')) && !is_python(program) && !is_shell(program));
    let text = words::runs(&entry.line).last().and_then(|run| script(subject, built?, run));
    match text {
        Some(text) if text.contains("$@") || text.contains("$*") => {
            unfolded(&entry.line).into_iter().chain(unfolded(&command.line)).collect()
        }
        Some(_) => unfolded(&entry.line),
        // A script of somebody else's hands on what it is given, as a rule.
        None if is_script || matches!(program, "tini" | "dumb-init") => unfolded(&command.line),
        None if is_shell(program) => {
            unfolded(&joined(&words.iter().chain(command.words.iter().flatten()).cloned().collect::<Vec<_>>()))
        }
        None => match &command.words {
            Some(more) => unfolded(&joined(&words.iter().chain(more).cloned().collect::<Vec<_>>())),
            None => unfolded(&format!("{} {}", entry.line, command.line)),
        },
    }
}

/// What a line runs, with scripts of the bundle replaced by what they run.
fn unfold(subject: &Subject<'_>, built: Option<&Built>, line: &str, depth: usize) -> Vec<Run> {
    const DEEPEST: usize = 3;
    let mut found = Vec::new();
    for run in words::runs(line) {
        let text = built.filter(|_| depth < DEEPEST).and_then(|built| script(subject, built, &run));
        match text {
            Some(text) => {
                found.extend(unfold(subject, built, text, depth + 1));
                // What it is given it hands on.
                if text.contains("\"$@\"") {
                    let skipped = usize::from(run.script().is_some());
                    let words: Vec<String> = run.arguments.iter().skip(skipped).map(|word| word.text.clone()).collect();
                    found.extend(unfold(subject, built, &joined(&words), depth + 1));
                }
            }
            None => found.push(run),
        }
    }
    found
}

/// The text in the bundle of the script that a run carries out.
fn script<'a>(subject: &Subject<'a>, built: &Built, run: &Run) -> Option<&'a str> {
    let word = run.carried_out().filter(|_| !is_python(run.name()))?;
    if !word.text.contains(['/', '.']) {
        return None;
    }
    let text = subject.tree.text(&built.origin(subject, &word.text)?)?;
    let first = text.lines().next().unwrap_or_default();
    (!first.starts_with("#!") || !first.contains("python")).then_some(text)
}

fn of_dockerfile(subject: &Subject<'_>) -> Option<Container> {
    Container::new(subject, None, (None, None), Built::read(subject, NAME))
}

/// `Dockerrun.aws.json` of one container.
fn of_first_version(subject: &Subject<'_>) -> Option<Container> {
    let text = subject.tree.text(DOCKERRUN)?;
    let document: Value = serde_json::from_str(text).ok()?;
    let said = |key: &str| {
        let line = document[key].as_str()?;
        let start = text.find(&format!("\"{key}\""))?;
        Some(Said::of_line(line, DOCKERRUN, start..text.len()))
    };
    let (entry, command) = (said("Entrypoint"), said("Command"));
    Container::new(subject, None, (entry, command), Built::read(subject, NAME))
}

/// The words of a list, or a line.
fn said_by(node: &Node, path: &str) -> Option<Said> {
    let span = node.span.clone();
    match node.sequence() {
        Some(words) => {
            let words = words.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<_>>()?;
            Some(Said::of_words(words, path, span))
        }
        // No shell stands between: what is split at blanks is the program and its arguments.
        None => {
            let line = node.as_str()?;
            let plain = !line.contains(['"', '\'', '\\', '$', '`', '&', '|', ';', '<', '>', '(']);
            Some(Said {
                words: plain.then(|| line.split_whitespace().map(str::to_owned).collect()),
                ..Said::of_line(line, path, span)
            })
        }
    }
}

fn of_compose(subject: &Subject<'_>, path: &str) -> Option<Vec<Container>> {
    let root = yaml::parse(subject.tree.text(path)?).ok()??;
    let services = root.get("services")?.mapping()?;
    let mut found = Vec::new();
    for (name, _, service) in services.named().filter(|(_, _, service)| service.get("profiles").is_none()) {
        let build = service.get("build");
        let staged = build.is_some_and(|build| build.get("target").is_some());
        let built = build.filter(|_| !staged).and_then(dockerfile).and_then(|file| Built::read(subject, &file));
        // What is there and cannot be read may be anything.
        let said = |key: &str| match service.get(key) {
            Some(node) => said_by(node, path).map(Some),
            None => Some(None),
        };
        let (Some(entry), Some(command)) = (said("entrypoint"), said("command")) else { continue };
        let Some(mut container) = Container::new(subject, Some(name), (entry, command), built) else { continue };
        let names = compose::environment(service).into_iter().map(|(name, ..)| name.to_owned());
        let open = service.get("env_file").is_some() || service.get("extends").is_some();
        container.variables = (!open).then(|| names.collect());
        if service.get("network_mode").is_none() {
            container.ports = published(service);
        }
        found.push(container);
    }
    Some(found)
}

/// `"80:8000"`, or the same as a mapping.
pub(super) fn published(service: &Node) -> Vec<(String, String, Range<usize>)> {
    let ports = service.get("ports").and_then(Node::sequence).unwrap_or_default();
    let port = |node: &Node| {
        let (host, inside) = match node.get("target").and_then(Node::as_str) {
            Some(inside) => (node.get("published").and_then(Node::as_str)?, inside),
            None => node.as_str()?.split('/').next()?.rsplit_once(':')?,
        };
        let host = host.rsplit(':').next().unwrap_or(host);
        (is_port(host) && is_port(inside)).then(|| (host.to_owned(), inside.to_owned(), node.span.clone()))
    };
    let all: Option<Vec<_>> = ports.iter().map(port).collect();
    all.unwrap_or_default()
}

pub(super) fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The task of `Dockerrun.aws.json` for ECS. Its images are built somewhere else, of what may lie beside.
fn of_task(subject: &Subject<'_>) -> Option<Vec<Container>> {
    let text = subject.tree.text(DOCKERRUN)?;
    let document: Value = serde_json::from_str(text).ok()?;
    let definitions = document["containerDefinitions"].as_array()?;
    let own = |definition: &&Value| definition["image"].as_str().is_some_and(|image| image.contains('/'));
    let files = dockerfiles(subject.tree, subject.customizations);
    let file = match files.as_slice() {
        [file] if definitions.iter().filter(own).count() == 1 => Some(file),
        _ => None,
    };
    let mut found = Vec::new();
    for definition in definitions {
        let name = definition["name"].as_str();
        let named = name.and_then(|name| files.iter().find(|file| **file == format!("{name}/{NAME}")));
        let file = named.or(file).filter(|_| own(&definition));
        let span = name.and_then(|name| text.find(&format!("\"{name}\""))).map_or(0..0, |start| start..start + 1);
        // The object has its name anywhere in it; a word is looked for in the whole.
        let whole = if definitions.len() == 1 { 0..text.len() } else { place_of(text, definition).unwrap_or(span) };
        let said = |key: &str| {
            let words = definition[key].as_array()?.iter().map(|word| word.as_str().map(str::to_owned));
            Some(Said::of_words(words.collect::<Option<_>>()?, DOCKERRUN, whole.clone()))
        };
        let (entry, command) = (said("entryPoint"), said("command"));
        let built = file.and_then(|file| Built::read(subject, file));
        let Some(mut container) = Container::new(subject, name, (entry, command), built) else { continue };
        container.is_sure = false;
        let variables = definition["environment"].as_array().map(Vec::as_slice).unwrap_or_default();
        container.variables =
            Some(variables.iter().filter_map(|one| one["name"].as_str()).map(str::to_owned).collect());
        let mappings = definition["portMappings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut places = text.match_indices("\"containerPort\"").map(|(start, key)| start + 1..start + key.len() - 1);
        let ports = mappings.iter().filter_map(|mapping| {
            let inside = mapping["containerPort"].as_u64()?;
            let host = mapping["hostPort"].as_u64().unwrap_or(inside);
            let at =
                places.find(|at| text[at.end + 1..].trim_start_matches([':', ' ']).starts_with(&inside.to_string()))?;
            Some((host.to_string(), inside.to_string(), at))
        });
        container.ports = ports.collect();
        found.push(container);
    }
    Some(found)
}

/// Where a list of words of a definition stands.
fn place_of(text: &str, definition: &Value) -> Option<Range<usize>> {
    let words = definition["command"].as_array().or_else(|| definition["entryPoint"].as_array())?;
    let words: Vec<String> = words.iter().filter_map(Value::as_str).map(|word| format!("\"{word}\"")).collect();
    let first = words.first()?;
    text.match_indices(first.as_str()).find_map(|(start, _)| {
        let end = start + text[start..].find(']')?;
        let inside = &text[start..end];
        words.iter().all(|word| inside.contains(word.as_str())).then_some(start..end)
    })
}

/// Is the image of this file built on the instance?
pub(in crate::check::rules) fn is_built(customizations: &Customizations) -> bool {
    customizations.family == Family::Docker
}

/// May what a container writes be kept on the instance, in a folder that is mounted?
pub(in crate::check::rules) fn are_mounted(subject: &Subject<'_>) -> bool {
    let described = subject.customizations.containers.as_deref().and_then(|path| subject.tree.text(path));
    let words = ["volumes", "Volumes", "mountPoints", "include:", "extends:"];
    described.is_some_and(|text| words.iter().any(|word| text.contains(word)))
}
