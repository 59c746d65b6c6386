#!/bin/bash
# The last step of a deployment: the new processes answer, and they reach the database.
# A failure here fails the deployment, which is what it should do.
set -euo pipefail

url="http://127.0.0.1:${PORT:-8000}{{ ready_path }}"
ready=""
for _ in $(seq 30); do
    if curl --fail --silent --show-error --max-time 5 "$url"; then
        ready=yes
        break
    fi
    sleep 1
done
if [ -z "$ready" ]; then
    echo "$url did not answer for 30 seconds" >&2
    exit 1
fi
{%- if collects and static_files in ["nginx", "whitenoise"] and static_root %}

# One real static file through the proxy, as a browser asks for it. `beansprout up` has its proxy at another port.
folder=/var/app/current/{{ static_root }}
file=$(find "$folder" -type f -name '*.css' ! -name '* *' -print -quit 2>/dev/null || true)
if [ -n "$file" ]; then
    url="http://127.0.0.1:${BEANSPROUT_PROXY_PORT:-80}/{{ static_url }}/${file#"$folder"/}"
    status=$(curl --silent --output /dev/null --write-out '%{http_code}' --max-time 5 "$url" || true)
    if [ "$status" = 404 ]; then
        echo "$url is a 404, though the file is there: the proxy looks elsewhere" >&2
        exit 1
    fi
fi
{%- endif %}
