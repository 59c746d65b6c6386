//! Entered: virtual environments that the steps of an image install into, and that its container does not enter.
//!
//! Sources: uv documentation, "Using uv in Docker"; Poetry documentation, "Configuration", `virtualenvs.create`; pipenv
//! documentation, "Pipenv in Docker".

use super::containers::Container;
use crate::beanstalk::image_reference::ImageReference;
use crate::check::dockerfile::{Image, flags};
use crate::check::subject::Subject;
use crate::check::words::{self, Run, is_python};
use crate::level::Level;

/// Programs that packages bring along.
const PROGRAMS: [&str; 11] = [
    "gunicorn",
    "uvicorn",
    "daphne",
    "hypercorn",
    "waitress-serve",
    "granian",
    "celery",
    "flask",
    "fastapi",
    "streamlit",
    "django-admin",
];

/// What installs into an environment of its own, where nothing else is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Uv,
    Poetry,
    Pipenv,
}

impl Tool {
    fn of(run: &Run) -> Option<Self> {
        let command = run.plain().next()?.text.as_str();
        match (run.name(), command) {
            _ if run.forgiven => None,
            ("uv", "sync") if !run.has("--active") => Some(Self::Uv),
            ("poetry", "install") => Some(Self::Poetry),
            ("pipenv", "install" | "sync") if !run.has("--system") => Some(Self::Pipenv),
            _ => None,
        }
    }

    /// What it does, and what brings it to where the packages are.
    fn says(self, image: &Image, program: &str) -> (&'static str, String) {
        match self {
            Self::Uv => {
                let folder = image.path_of(".venv/bin").unwrap_or_else(|| "/app/.venv/bin".to_owned());
                let fix = format!("start it with `uv run {program}`, or write `ENV PATH=\"{folder}:$PATH\"`");
                ("`uv sync` installs into `.venv`", fix)
            }
            Self::Poetry => {
                let fix = format!(
                    "write `ENV POETRY_VIRTUALENVS_CREATE=false` before that step, or start it with `poetry run {program}`"
                );
                ("`poetry install` makes a virtual environment of its own", fix)
            }
            Self::Pipenv => {
                let fix =
                    format!("install with `pipenv install --system --deploy`, or start it with `pipenv run {program}`");
                ("`pipenv` makes a virtual environment of its own", fix)
            }
        }
    }
}

pub(super) fn check(subject: &mut Subject<'_>, containers: &[Container]) {
    // Another stage than the last may be what runs.
    let described = subject.customizations.containers.as_deref().and_then(|path| subject.tree.text(path));
    if subject.guessed() || described.is_some_and(|text| text.contains("target:")) {
        return;
    }
    for container in containers {
        let Some(image) = container.built.as_ref().map(|built| &built.image) else { continue };
        let sets = container.variables.as_ref().is_some_and(|all| all.iter().any(|name| is_of_paths(name)));
        let Some(tool) = Some(image).filter(|_| !sets).and_then(installs) else { continue };
        let Some(run) = outside(container) else { continue };
        let program = run.name();
        let (what, fix) = tool.says(image, program);
        let message = match is_python(program) {
            true => {
                format!("the container does not start: {what}, and `{program}` runs outside of it, without packages")
            }
            false => format!("the container does not start: {what}, and `{program}` is looked for outside of it"),
        };
        let (path, span) = (container.path.clone(), container.place(subject, program));
        let level = if container.is_sure { Level::Error } else { Level::Warning };
        subject.find("EB362", &path, span, message, fix).level = level;
    }
}

/// Does a variable of this name say where programs and packages are, or where they go?
fn is_of_paths(name: &str) -> bool {
    const OTHERS: [&str; 4] = ["VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_SYSTEM_PYTHON", "BASH_ENV"];
    name == "PATH" || OTHERS.contains(&name) || name.contains("VIRTUALENVS") || name.starts_with("PIPENV_")
}

/// The tool whose environment has all packages of the image, if that is sure.
fn installs(image: &Image) -> Option<Tool> {
    const OTHER_WAYS: [&str; 11] = [
        "activate",
        "virtualenvs.",
        " export",
        "ln -s",
        "uv pip",
        "--system",
        ".bashrc",
        ".profile",
        "conda",
        "site-packages",
        "pipenv requirements",
    ];
    let base = ImageReference::of(image.base()?);
    let plain = (base.name == "python" && base.is_official()) || image.base()?.contains("astral-sh/uv:");
    let sets = image.all("ENV").chain(image.all("ARG")).flat_map(|one| one.rest.split_whitespace());
    let mut names = sets.filter_map(|word| word.split('=').next());
    let other = image.instructions.iter().any(|one| OTHER_WAYS.iter().any(|way| one.rest.contains(way)));
    // A copy from another stage may bring all of it along.
    let copied =
        image.instructions.iter().any(|one| one.name == "SHELL" || one.rest.contains("--from=") && !of_uv(&one.rest));
    if !plain || other || copied || names.any(is_of_paths) {
        return None;
    }
    let runs: Vec<Run> = image.all("RUN").flat_map(|step| words::runs(flags(&step.rest).1)).collect();
    if runs.iter().any(brings_more) {
        return None;
    }
    runs.iter().find_map(Tool::of)
}

/// Is it the usual copy of uv itself?
fn of_uv(copy: &str) -> bool {
    copy.contains("astral-sh/uv")
}

/// Does pip install more than a tool?
fn brings_more(run: &Run) -> bool {
    const TOOLS: [&str; 7] = ["install", "pip", "setuptools", "wheel", "uv", "poetry", "pipenv"];
    let is_tool = |text: &str| TOOLS.contains(&text.split(['=', '<', '>', '~', '[']).next().unwrap_or_default());
    let named = run.plain().filter(|word| !is_tool(&word.text)).count();
    run.pip().is_some_and(|word| word.text == "install") && (named > 0 || run.has("-r"))
}

/// What the container starts with the Python of the system, where nothing of it enters an environment.
fn outside(container: &Container) -> Option<&Run> {
    let entered = |run: &Run| {
        let words = || std::iter::once(&run.program).chain(&run.arguments);
        ["uv", "poetry", "pipenv"].iter().any(|tool| run.lead.has(tool) || run.name() == *tool)
            || run.lead.gives("PATH")
            || words().any(|word| ["venv", "activate", "PATH="].iter().any(|mark| word.text.contains(mark)))
    };
    let needs = |run: &&Run| {
        let module =
            || run.arguments.windows(2).any(|pair| pair[0].text == "-m" && PROGRAMS.contains(&pair[1].text.as_str()));
        let by_python = is_python(&run.program.text) && (run.django().is_some() || module());
        !run.forgiven && (PROGRAMS.contains(&run.program.text.as_str()) || by_python)
    };
    (!container.runs.iter().any(entered)).then(|| container.runs.iter().find(needs)).flatten()
}
