#!/bin/bash
# The same question after a change of configuration.
set -euo pipefail

exec "$(dirname "$0")/../../hooks/postdeploy/90_ready.sh"
