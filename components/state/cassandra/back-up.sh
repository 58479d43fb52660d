#!/bin/bash
# Copy this node's data to s3://BUCKET/RING/NODE/.
#
#   back-up snapshot     all tables as they are now, to snapshots/<time>/; COMPLETE is written last
#   back-up increments   the files written since the last time, to increments/; each is deleted once it is there
set -euo pipefail
shopt -s nullglob

# shellcheck source=/dev/null
source "${FOURPLANE_FOLDER:-/etc/fourplane}/slot.env"
data=${DATA:-/var/lib/cassandra/data}
place=s3://$BUCKET/$RING/$NODE

nodetool() {
    docker exec "$NODE" nodetool "$@"
}

s3() {
    aws s3 "$@" --region "$AWS_REGION" --only-show-errors
}

# <keyspace>/<table>-<id> of a folder in it
table() {
    local path=${1#"$data"/}
    echo "${path%/"$2"*}"
}

case ${1:-} in
snapshot)
    tag=$(date --utc +%Y%m%dT%H%M%SZ)
    trap 'nodetool clearsnapshot -t "$tag"' EXIT
    nodetool snapshot --tag "$tag"
    folders=("$data"/*/*/snapshots/"$tag")
    if ((${#folders[@]} == 0)); then
        echo "nodetool made no snapshot $tag in $data" >&2
        exit 1
    fi
    for folder in "${folders[@]}"; do
        s3 cp --recursive "$folder" "$place/snapshots/$tag/$(table "$folder" snapshots)"
    done
    echo "${#folders[@]} tables" | s3 cp - "$place/snapshots/$tag/COMPLETE"
    ;;
increments)
    for folder in "$data"/*/*/backups; do
        s3 mv --recursive "$folder" "$place/increments/$(table "$folder" backups)"
    done
    ;;
*)
    echo "usage: back-up snapshot|increments" >&2
    exit 2
    ;;
esac
