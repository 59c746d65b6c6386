#!/usr/bin/env bash
# Check and publish every project of the repository. What is given goes to `publish`: --region, --sandbox …
set -euo pipefail
cd "$(dirname "$0")"

for project in shop blog; do
  beansprout -C "$project" check
done
for project in shop blog; do
  beansprout -C "$project" publish "$@"
done
