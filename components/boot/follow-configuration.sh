#!/bin/bash
# Keep configuration.env as Parameter Store has it, and the service with it.
#
#   follow-configuration wait   until every server named in CALLS has an address, then write it (before a start)
#   follow-configuration        write it; where it has changed, render and reload or restart the service (from a timer)
#
# Every parameter <CONFIGURATION_PATH>/<server> becomes <SERVER>_ADDRESS, the text that a container finds in its
# environment. RENDER, where given, is a program that makes the service's own files from it.
set -euo pipefail

folder=${FOURPLANE_FOLDER:-/etc/fourplane}
source "$folder/machine.env"

fetch() {
    aws ssm get-parameters-by-path --region "$AWS_REGION" --path "$CONFIGURATION_PATH" --recursive \
        --query 'Parameters[].[Name,Value]' --output text |
        while IFS=$'\t' read -r name value; do
            [[ $name == /* ]] || continue
            name=${name##*/}
            name=${name^^}
            printf '%s_ADDRESS=%s\n' "${name//[^A-Z0-9]/_}" "$value"
        done | LC_ALL=C sort
}

complete() {
    local server
    for server in $CALLS; do
        server=${server^^}
        grep -q "^${server//[^A-Z0-9]/_}_ADDRESS=" "$folder/configuration.new" || return 1
    done
}

if [[ ${1:-} == wait ]]; then
    until fetch >"$folder/configuration.new" && complete; do
        sleep "${POLL_SECONDS:-5}"
    done
    mv "$folder/configuration.new" "$folder/configuration.env"
    if [[ -n ${RENDER:-} ]]; then "$RENDER"; fi
    exit
fi

fetch >"$folder/configuration.new"
if cmp --silent "$folder/configuration.new" "$folder/configuration.env"; then
    rm "$folder/configuration.new"
    exit
fi
mv "$folder/configuration.new" "$folder/configuration.env"
if [[ -n ${RENDER:-} ]]; then "$RENDER"; fi
systemctl reload-or-restart "$SERVICE"
