//! Locks of uv and Poetry, and what their tools put into an image.

use super::containers::{IMAGE, docker};

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
    // What is locked by versions before 2 does not say which groups, nor for which machines.
    stops(false, install, "", "");
    stops(false, install, "groups = [\"main\"]\nmarkers = \"sys_platform == 'win32'\"", "");
    stops(false, install, main, "[tool.poetry.group.a]\noptional = true\n");
    for step in ["poetry install -E web", "poetry install --with web", "poetry lock && poetry install"] {
        stops(false, step, main, "");
    }
}
