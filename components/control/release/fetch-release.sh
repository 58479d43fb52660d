#!/bin/bash
# Fetch a program's file from the account's own bucket, once, and run no other than the one that was asked for.
set -euo pipefail

folder=${FOURPLANE_FOLDER:-/etc/fourplane}
# shellcheck source=/dev/null
source "$folder/machine.env"
# shellcheck source=/dev/null
source "$folder/release.env"

if [[ -e $FILE ]]; then exit; fi

mkdir -p "$(dirname "$FILE")"
until aws s3 cp "s3://$BUCKET/$KEY" "$FILE.part" --region "$AWS_REGION" --only-show-errors; do
    sleep "${POLL_SECONDS:-5}"
done
if [[ -n $SHA256 ]] && ! sha256sum --check --status <<<"$SHA256  $FILE.part"; then
    echo "$KEY is not the file that was asked for" >&2
    rm "$FILE.part"
    exit 1
fi
chmod 0644 "$FILE.part" # the program runs as another user
mv "$FILE.part" "$FILE"
