#!/bin/bash
# Fetch a program's file from the account's package cache, once, and run no other than the one that was asked for.
#
# CodeArtifact sends whoever has a token on to S3, which refuses a request that has one besides: curl gives it to the
# first host alone. It reads it from its input, for everyone on a machine can read a command line.
set -euo pipefail

folder=${FOURPLANE_FOLDER:-/etc/fourplane}
# shellcheck source=/dev/null
source "$folder/machine.env"
# shellcheck source=/dev/null
source "$folder/artifact.env"

if [[ -e $FILE ]]; then exit; fi

ask() {
    curl --config - --silent --show-error --fail --location --proto =https --max-time 300 "$1" \
        <<<"user = \"aws:$token\""
}

# CodeArtifact answers with the sum of what it keeps: a file that came whole has it.
fetch() {
    local token sum
    token=$(aws codeartifact get-authorization-token --domain "$DOMAIN" --domain-owner "$OWNER" \
        --duration-seconds 900 --region "$AWS_REGION" --query authorizationToken --output text) || return
    ask "$URL" >"$FILE.part" || return
    sum=$(ask "$URL.sha256") || return
    sha256sum --check --status <<<"${sum%% *}  $FILE.part"
}

mkdir -p "$(dirname "$FILE")"
until fetch; do
    echo "no $URL yet" >&2
    sleep "${POLL_SECONDS:-5}"
done
if [[ -n $SHA256 ]] && ! sha256sum --check --status <<<"$SHA256  $FILE.part"; then
    echo "$URL is not the file that was asked for" >&2
    rm "$FILE.part"
    exit 1
fi
chmod 0644 "$FILE.part" # the program runs as another user
mv "$FILE.part" "$FILE"
