#!/bin/bash
# For any build server: test, check, publish. Needs Python {{ python }}, beansprout, and AWS credentials in the environment.
{%- if generated and database != "sqlite" %}
# DATABASE_URL names a {{ database }} server for the tests; they make a database of their own there.
{%- endif %}
set -euo pipefail

cd "$(dirname "$0")/.."
venv="$(mktemp -d)"
trap 'rm -rf "$venv"' EXIT
python{{ python }} -m venv "$venv"
{%- if generated %}
"$venv/bin/pip" install --quiet -r requirements-dev.txt
"$venv/bin/ruff" check .
"$venv/bin/ruff" format --check .
"$venv/bin/python" {{ manage }} makemigrations --check --dry-run
{%- else %}
"$venv/bin/pip" install --quiet -r requirements.txt
{%- endif %}
"$venv/bin/python" {{ manage }} test
beansprout check
# Prints one JSON document; publishing the same tree again changes nothing and succeeds.
beansprout --json publish
