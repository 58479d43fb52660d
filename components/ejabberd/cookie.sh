#!/bin/sh
# Fetch what the nodes of a cluster know each other by into a file that only their user reads. Where a new network or a
# new role does not answer yet, try until it does.
set -eu

PATH=$PATH:/usr/local/bin # which rc and cron of FreeBSD leave out
# shellcheck source=/dev/null
. "${FOURPLANE_FOLDER:-/etc/fourplane}/slot.env"

umask 077
file=$MOUNT_POINT/.erlang.cookie
until cookie=$(aws secretsmanager get-secret-value --secret-id "$COOKIE_SECRET_ARN" --region "$AWS_REGION" \
    --query SecretString --output text); do
    sleep "${POLL_SECONDS:-5}"
done
rm -f "$file.new" # whose user may have made it lead elsewhere
printf %s "$cookie" >"$file.new"
chmod 0400 "$file.new"
chown "$DATA_OWNER" "$file.new"
mv "$file.new" "$file"
