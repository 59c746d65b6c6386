#!/bin/bash
# The last step of a deployment: the new processes answer, and they reach the database.
# A failure here fails the deployment, which is what it should do.
set -euo pipefail

url="http://127.0.0.1:${PORT:-8000}{{ ready_path }}"
for _ in $(seq 30); do
    if curl --fail --silent --show-error --max-time 5 "$url"; then
        exit 0
    fi
    sleep 1
done
echo "$url did not answer for 30 seconds" >&2
exit 1
