#!/bin/bash
# A change of configuration unpacks the bundle again and runs no container_commands:
# without this the static files would be gone.
set -euo pipefail

# shellcheck source=/dev/null
source /var/app/venv/*/bin/activate
python {{ manage }} collectstatic --noinput --settings {{ production }}
{%- if compress %}
python {{ manage }} compress --force --settings {{ production }}
{%- endif %}
