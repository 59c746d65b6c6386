#!/usr/bin/env bash
# What action.yml runs. Inputs come as INPUT_*, outputs go to $GITHUB_OUTPUT, credentials are in the environment.
set -euo pipefail

refuse() {
  printf '::error title=%s::%s\n' "$1" "$2"
  exit 2
}

# An input of the official action that means something else here, or nothing, is not ignored.
unsupported() {
  local variable=INPUT_$1 name
  name=$(tr 'A-Z_' 'a-z-' <<<"$1")
  [ -z "${!variable:-}" ] || refuse "$name is not supported" "$2"
}

flag() {
  local variable=INPUT_$1
  case ${!variable:-$2} in
    true) return 0 ;;
    false) return 1 ;;
    *) refuse "$(tr 'A-Z_' 'a-z-' <<<"$1")" "it is true or false, not ${!variable}" ;;
  esac
}

field() { python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1]) or "")' "$1"; }

for name in AWS_REGION APPLICATION_NAME ENVIRONMENT_NAME; do
  variable=INPUT_$name
  [ -n "${!variable:-}" ] || refuse "$(tr 'A-Z_' 'a-z-' <<<"$name") is missing" 'this input is required'
done

at_creation='environments are not created here: create it once, with the console or eb create'
! flag CREATE_ENVIRONMENT_IF_NOT_EXISTS false || refuse 'create-environment-if-not-exists is not supported' "$at_creation"
unsupported SOLUTION_STACK_NAME "$at_creation"
unsupported PLATFORM_ARN "$at_creation"
unsupported CNAME_PREFIX "$at_creation"
unsupported OPTION_SETTINGS 'put options into .ebextensions, where they are reviewed and checked with the code'
unsupported EXCLUDE_PATTERNS 'put patterns into exclude of [bundle] in beansprout.toml, or into .ebignore'
unsupported DEPLOYMENT_PACKAGE_PATH 'the bundle is made from source-directory, so that its label can be its content'
unsupported MAX_RETRIES 'calls that can be repeated safely are repeated by themselves'
unsupported RETRY_DELAY 'calls that can be repeated safely are repeated by themselves'
flag USE_EXISTING_APPLICATION_VERSION_IF_AVAILABLE true ||
  refuse 'use-existing-application-version-if-available=false is not supported' 'the same content is the same version'
flag VERBOSE_LOGGING true || refuse 'verbose-logging=false is not supported' 'names are not masked in logs'

publish=(--region "$INPUT_AWS_REGION" --application "$INPUT_APPLICATION_NAME")
if flag CREATE_APPLICATION_IF_NOT_EXISTS true; then publish+=(--create-application); fi
if [ -n "${INPUT_VERSION_LABEL:-}" ]; then publish+=(--label "$INPUT_VERSION_LABEL"); fi
if [ -n "${INPUT_S3_BUCKET_NAME:-}" ]; then
  publish+=(--bucket "$INPUT_S3_BUCKET_NAME")
  ! flag CREATE_S3_BUCKET_IF_NOT_EXISTS false ||
    refuse 'create-s3-bucket-if-not-exists is not supported with s3-bucket-name' 'make the bucket once, with its policy and encryption'
else
  flag CREATE_S3_BUCKET_IF_NOT_EXISTS true ||
    refuse 'create-s3-bucket-if-not-exists=false is not supported' "name a bucket in s3-bucket-name; Elastic Beanstalk makes its own if it has to"
fi

deploy=(--region "$INPUT_AWS_REGION" --application "$INPUT_APPLICATION_NAME" --env "$INPUT_ENVIRONMENT_NAME")
if flag WAIT_FOR_DEPLOYMENT true; then
  flag WAIT_FOR_ENVIRONMENT_RECOVERY true ||
    refuse 'wait-for-environment-recovery=false is not supported' 'a deployment has succeeded when the environment is healthy'
  deploy+=(--timeout "${INPUT_DEPLOYMENT_TIMEOUT:-900}")
else
  deploy+=(--no-wait)
fi

cd "${INPUT_SOURCE_DIRECTORY:-.}"
beansprout check
published=$(beansprout publish "${publish[@]}" --json)
label=$(field label <<<"$published")
deployed=$(beansprout deploy "$label" "${deploy[@]}" --json)

status=Ready
if [ "$(field outcome <<<"$deployed")" = started ]; then status=Updating; fi
cat >>"${GITHUB_OUTPUT:-/dev/stdout}" <<OUTPUTS
version-label=$label
digest=$(field digest <<<"$published")
environment-url=$(field url <<<"$deployed")
environment-status=$status
deployment-action-type=update
OUTPUTS
