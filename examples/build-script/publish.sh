#!/usr/bin/env bash
# Check and publish the project in the working directory, from any CI that runs a shell script.
#
#     examples/build-script/publish.sh            # to AWS, with the credentials that the CI provides
#     examples/build-script/publish.sh --sandbox  # to the embedded AWS, to try the script itself
#
# What is given to the script is given to `publish`. The label of the published version is the only line on stdout.
set -euo pipefail

beansprout check >&2

# One JSON document on stdout, whatever happens; the conversation is on stderr.
# The exit code is the script's own: 7, for example, says that a label already stands for other content.
document=$(beansprout publish --json "$@")

python3 -c 'import json, sys; print(json.load(sys.stdin)["label"])' <<<"$document"
