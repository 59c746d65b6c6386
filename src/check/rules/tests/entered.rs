//! Images whose packages are in a virtual environment, and what their containers start.

use super::case;

const PROJECT: (&str, &str) =
    ("pyproject.toml", "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['gunicorn']\n");

#[track_caller]
fn image(found: bool, steps: &str, start: &str, more: &[(&str, &str)]) {
    let text = format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n{steps}\nEXPOSE 8000\n{start}\n");
    let files = [("Dockerfile", text.as_str()), ("Procfile", ""), PROJECT, ("app.py", "app = 1\n")];
    case("EB362", found, &[&files[..], more].concat());
}

#[test]
fn environments_that_nobody_enters() {
    const UV: &str = "RUN pip install uv\nRUN --mount=type=cache,target=/root/.cache uv sync --frozen --no-dev";
    const SERVER: &str = "CMD [\"gunicorn\", \"--bind\", \"0.0.0.0:8000\", \"app:app\"]";
    image(true, UV, SERVER, &[]);
    image(true, UV, "CMD gunicorn --bind 0.0.0.0:8000 app:app", &[]);
    image(true, UV, "CMD [\"python\", \"-m\", \"gunicorn\", \"app:app\"]", &[]);
    image(true, UV, "CMD [\"python\", \"manage.py\", \"runserver\", \"0.0.0.0:8000\"]", &[]);
    image(true, "COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/uv\nRUN uv sync", SERVER, &[]);
    image(true, "RUN pip install poetry\nRUN poetry install --no-root", SERVER, &[]);
    image(true, "RUN pip install --upgrade pip pipenv==2024.0.1\nRUN pipenv install --deploy", SERVER, &[]);
    image(true, UV, "ENTRYPOINT [\"sh\", \"start.sh\"]", &[("start.sh", "#!/bin/sh\nexec gunicorn app:app\n")]);
    image(true, &format!("ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app\n{UV}"), SERVER, &[]);
    // Who enters it, or installs elsewhere.
    image(false, UV, "CMD [\"uv\", \"run\", \"gunicorn\", \"app:app\"]", &[]);
    image(false, UV, "CMD [\".venv/bin/gunicorn\", \"app:app\"]", &[]);
    image(false, UV, "CMD [\"/app/.venv/bin/python\", \"-m\", \"gunicorn\", \"app:app\"]", &[]);
    image(false, UV, "CMD . .venv/bin/activate && gunicorn app:app", &[]);
    image(false, UV, "CMD PATH=/app/.venv/bin gunicorn app:app", &[]);
    image(false, UV, "CMD [\"python\", \"-m\", \"http.server\"]", &[]);
    for path in
        ["ENV PATH=\"/app/.venv/bin:$PATH\"", "ENV PATH /app/.venv/bin:$PATH", "ENV UV_PROJECT_ENVIRONMENT=/usr/local"]
    {
        image(false, &format!("{path}\n{UV}"), SERVER, &[]);
    }
    image(false, "RUN pip install uv && uv pip install --system -r pyproject.toml && uv sync", SERVER, &[]);
    image(false, "RUN pip install uv && uv export > r.txt && uv sync && pip install -r r.txt", SERVER, &[]);
    image(false, "RUN pip install poetry && poetry config virtualenvs.create false && poetry install", SERVER, &[]);
    image(false, "ENV POETRY_VIRTUALENVS_CREATE=false\nRUN pip install poetry && poetry install", SERVER, &[]);
    image(false, "RUN pip install pipenv && pipenv install --system --deploy", SERVER, &[]);
    image(false, "RUN pip install pipenv gunicorn && pipenv install", SERVER, &[]);
    image(false, "RUN pip install -r requirements.txt", SERVER, &[]);
    image(false, UV, "ENTRYPOINT [\"sh\", \"start.sh\"]", &[("start.sh", "#!/bin/sh\nuv run gunicorn app:app\n")]);
}
