#!/bin/bash
# Wait until a node of the ring in the other region answers, before this one joins for the first time: a seed that finds
# nobody begins a ring of its own, with a schema of its own. A node that has been in the ring starts whoever is there.
set -euo pipefail

# shellcheck source=/dev/null
source "${FOURPLANE_FOLDER:-/etc/fourplane}/slot.env"
data=${DATA:-/var/lib/cassandra/data}
IFS=, read -ra seeds <<<"$JOINS"

one_answers() {
    local seed
    for seed in "${seeds[@]}"; do
        if timeout 3 bash -c "exec 3<>/dev/tcp/$seed/${GOSSIP_PORT:-7000}" 2>/dev/null; then return 0; fi
    done
    return 1
}

if [[ -d $data/system ]]; then exit 0; fi
until one_answers; do
    echo "no node of the ring answers at $JOINS: waiting" >&2
    sleep "${POLL_SECONDS:-5}"
done
