#!/bin/bash
# Restart a server that does not answer, and give a machine up where that does not help: Auto Scaling replaces it.
#
# A server that has just started answers 403 to readers until it has its peers' registry: that is an answer.
set -euo pipefail

folder=${FOURPLANE_FOLDER:-/etc/fourplane}
# shellcheck source=/dev/null
source "$folder/machine.env"
# shellcheck source=/dev/null
source "$folder/server.env"
if [[ ! -e $folder/address.env ]]; then exit; fi # it waits for an address, which a living server has

said=$(curl --silent --output /dev/null --write-out '%{http_code}' --max-time 10 \
    "http://localhost:$PORT/eureka/v2/apps") || true
failures=$(cat "$folder/failures" 2>/dev/null || echo 0)
case $said in
200 | 403)
    rm -f "$folder/failures"
    exit
    ;;
esac
echo $((failures + 1)) >"$folder/failures"
echo "no answer from the server: $said, $((failures + 1)) in a row" >&2
if ((failures + 1 >= 20)); then
    systemctl poweroff
elif (((failures + 1) % 10 == 0)); then
    systemctl restart --no-block "$SERVICE"
fi
