#!/bin/bash
# Build the image and push it to where Dockerrun.aws.json looks for it. Needs docker, and credentials for ECR.
set -euo pipefail

cd "$(dirname "$0")/.."
image={{ image }}
registry="${image%%/*}"

if [[ "$registry" == *.dkr.ecr.*.amazonaws.com ]]; then
    aws ecr get-login-password --region {{ region }} | docker login --username AWS --password-stdin "$registry"
fi
docker build --platform linux/{% if arm %}arm64{% else %}amd64{% endif %} --tag "$image" .
docker push "$image"
