#!/bin/sh
# Fetch the machine's programs, an archive of files by their paths. Where a new network or a new role does not answer
# yet, try until it does.
set -eu

PATH=$PATH:/usr/local/bin # which rc and cron of FreeBSD leave out
# shellcheck source=/dev/null
. "${FOURPLANE_FOLDER:-/etc/fourplane}/programs.env"

archive=$(mktemp)
trap 'rm -f "$archive"' EXIT
until aws s3 cp "s3://$BUCKET/$KEY" "$archive" --region "$AWS_REGION" --only-show-errors; do
    sleep "${POLL_SECONDS:-5}"
done
tar -xzpf "$archive" -C "${ROOT:-/}"
