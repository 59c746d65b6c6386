#!/bin/bash
# For any build server: test, check, publish. Needs Python {{ python }}, beansprout, and AWS credentials in the environment.
set -euo pipefail

cd "$(dirname "$0")/.."
venv="$(mktemp -d)"
trap 'rm -rf "$venv"' EXIT
python{{ python }} -m venv "$venv"
"$venv/bin/pip" install --quiet -r requirements.txt
{%- if generated %}
"$venv/bin/python" {{ manage }} makemigrations --check --dry-run
{%- endif %}
"$venv/bin/python" {{ manage }} test
beansprout check
# Prints one JSON document; publishing the same tree again changes nothing and succeeds.
beansprout --json publish
