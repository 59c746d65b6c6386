//! Locks of uv and Poetry, and what their tools put into an image.

use super::advice::advises;
use super::containers::{DOCKER, IMAGE, docker};

const MARKUP: (&str, &str) = ("app.py", "from flask import Flask, Markup\napp = Flask(__name__)\n");

#[test]
fn what_uv_takes_from_its_lock() {
    let lock = |flask: &str, more: &str| {
        format!(
            "version = 1\n\n[[package]]\nname = \"flask\"\nversion = \"{flask}\"\nsource = {{ registry = \"r\" }}\n\n[[package]]\nname = \"shop\"\nsource = {{ virtual = \".\" }}\n{more}\n"
        )
    };
    let main = "dependencies = [{ name = \"flask\" }]";
    let dev = "[package.dev-dependencies]\ndev = [{ name = \"flask\" }]";
    let stops = |found: bool, step: &str, flask: &str, asked: &str, project: &str| {
        let image = IMAGE.replace("pip install -r requirements.txt", step);
        let lock = lock(flask, asked);
        let project = format!("[project]\nname = \"shop\"\n{project}\n");
        let files = [("Dockerfile", image.as_str()), MARKUP, ("uv.lock", lock.as_str()), ("pyproject.toml", &project)];
        docker("EB250", found, &files);
    };
    let sync = "pip install uv && uv sync --frozen --no-dev";
    stops(true, sync, "3.0.0", main, "");
    stops(false, sync, "2.2.5", main, "");
    stops(true, "--mount=type=cache,target=/root/.cache uv sync --locked --no-install-project", "3.0.0", main, "");
    stops(true, "uv sync", "3.0.0", dev, "");
    stops(false, "uv sync --no-dev", "3.0.0", dev, "");
    stops(false, "pip install uv\nENV UV_NO_DEV=1\nRUN uv sync", "3.0.0", dev, "");
    stops(true, sync, "3.0.0", main, "requires-python = \">=3.10,<3.14\"");
    // uv fetches another Python, or takes what only it can tell.
    stops(false, sync, "3.0.0", main, "requires-python = \">=3.13\"");
    for step in ["uv sync --extra web", "uv sync --group web", "uv sync || true", "uv sync $FLAGS", "uv sync -p 3.11"] {
        stops(false, step, "3.0.0", main, "");
    }
}

#[test]
fn what_poetry_takes_from_its_lock() {
    let stops = |found: bool, step: &str, groups: &str, project: &str| {
        let image = IMAGE.replace("pip install -r requirements.txt", step);
        let lock = format!("[[package]]\nname = \"flask\"\nversion = \"3.0.0\"\noptional = false\n{groups}\n");
        let files =
            [("Dockerfile", image.as_str()), MARKUP, ("poetry.lock", lock.as_str()), ("pyproject.toml", project)];
        docker("EB250", found, &files);
    };
    let install = "pip install poetry && poetry config virtualenvs.create false && poetry install --no-root";
    let (main, dev) = ("groups = [\"main\"]", "groups = [\"dev\"]");
    stops(true, install, main, "");
    stops(true, install, dev, "");
    stops(true, "poetry install --only=main", main, "[tool.poetry.dependencies]\npython = \"^3.11\"\n");
    stops(false, "poetry install --only main", dev, "");
    stops(false, "poetry install --without dev,test", dev, "");
    // What is locked by versions before 2 does not say which groups, nor for which machines: the project does.
    stops(false, install, "", "");
    stops(true, install, "category = \"main\"", "[tool.poetry.dependencies]\nFlask = \"*\"\n");
    stops(true, install, "", "[tool.poetry.dev-dependencies]\nFlask = \"*\"\n[tool.poetry.dependencies]\n");
    let of_dev = "[tool.poetry.dev-dependencies]\nFlask = \"*\"\n[tool.poetry.dependencies]\npython = \"~3.11\"\n";
    stops(false, "poetry install --no-dev", "category = \"dev\"", of_dev);
    let installer = "curl -sSL https://install.python-poetry.org | POETRY_HOME=/opt/poetry python3 - && poetry install";
    stops(true, installer, main, "");
    stops(false, install, "groups = [\"main\"]\nmarkers = \"sys_platform == 'win32'\"", "");
    stops(false, install, main, "[tool.poetry.group.a]\noptional = true\n");
    for step in ["poetry install -E web", "poetry install --with web", "poetry lock && poetry install"] {
        stops(false, step, main, "");
    }
}

#[test]
fn lists_that_are_made_of_a_lock() {
    let lock = "[[package]]\nname = \"flask\"\nversion = \"3.0.0\"\noptional = false\ngroups = [\"main\"]\n";
    let project = "[tool.poetry.dependencies]\npython = \"^3.11\"\nflask = \"*\"\n";
    let uv = "version = 1\n\n[[package]]\nname = \"flask\"\nversion = \"3.0.0\"\nsource = { registry = \"r\" }\n\n[[package]]\nname = \"shop\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"flask\" }]\n";
    let stops = |found: bool, image: &str| {
        let files = [
            ("Dockerfile", image),
            MARKUP,
            ("poetry.lock", lock),
            ("uv.lock", uv),
            ("pyproject.toml", project),
            ("requirements.txt", "flask==2.2.5\n"),
        ];
        docker("EB250", found, &files);
    };
    let step = |step: &str| IMAGE.replace("pip install -r requirements.txt", step);
    let pip = "pip install -r requirements.txt";
    stops(false, &step(pip));
    stops(
        true,
        &step(&format!("pip install poetry && poetry export -f requirements.txt -o requirements.txt && {pip}")),
    );
    stops(true, &step(&format!("uv export --no-dev --no-hashes > requirements.txt && {pip}")));
    stops(true, &step(&format!("uv export --frozen --output-file=./requirements.txt\nRUN uv {pip} --system")));
    stops(false, &step(&format!("poetry export --with dev -o requirements.txt && {pip}")));
    stops(false, &step(&format!("pipenv requirements > requirements.txt && {pip}")));
    stops(false, &step(&format!("pip freeze > requirements.txt && {pip}")));
    stops(false, &step(&format!("poetry export -o other.txt && {pip}")));
    let two = |copy: &str| {
        let builder = "FROM python:3.12-slim AS made\nWORKDIR /tmp\nRUN pip install poetry\nCOPY ./pyproject.toml ./poetry.lock* /tmp/\nRUN poetry export -f requirements.txt --output requirements.txt --without-hashes\n";
        format!("{builder}{}", IMAGE.replace("COPY . .\n", &format!("COPY . .\n{copy}\n")))
    };
    stops(true, &two("COPY --from=made /tmp/requirements.txt /app/requirements.txt"));
    stops(false, &two("COPY --from=made /tmp/requirements.txt /app/other.txt"));
}

#[test]
fn what_is_missing_goes_into_the_list_and_not_where_its_tool_is_named() {
    let image = IMAGE.replace("pip install -r requirements.txt", "pip install poetry && poetry install");
    let lock = "[[package]]\nname = \"flask\"\nversion = \"2.2.5\"\noptional = false\ngroups = [\"main\"]\n";
    let project = ("pyproject.toml", "[tool.poetry.dependencies]\nflask = \"*\"\n");
    let files = [DOCKER, ("Dockerfile", &image), MARKUP, ("poetry.lock", lock), project];
    advises("EB169", "`poetry add gunicorn`", &files);
}

#[test]
fn images_of_uv_have_a_python_of_dockers_own() {
    let uv = |tag: &str| IMAGE.replace("FROM python:3.12-slim", &format!("FROM ghcr.io/astral-sh/uv:{tag}"));
    let list = ("requirements.txt", "flask==3.0.0\n");
    for (found, tag) in [(true, "python3.12-bookworm-slim"), (true, "0.8.1-python3.12-trixie"), (false, "latest")] {
        docker("EB250", found, &[("Dockerfile", &uv(tag)), MARKUP, list]);
    }
}
