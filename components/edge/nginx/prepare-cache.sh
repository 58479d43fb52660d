#!/bin/bash
# Make room for the cache, then write nginx's file: before every start, and when the configuration has changed.
#
# The machine's own NVMe disks hold the cache, striped where there are several; without any, the root disk does. They
# come back empty after a stop, and what was on them is fetched again.
set -euo pipefail

folder=${CACHE_FOLDER:-/var/cache/content}
user=${CACHE_USER:-101} # nginx, in its image

mkdir -p "$folder"
if ! mountpoint --quiet "$folder"; then
    mapfile -t disks < <(lsblk --nodeps --noheadings --output PATH,MODEL | awk '/Instance Storage/ {print $1}')
    if ((${#disks[@]})); then
        device=${disks[0]}
        if ((${#disks[@]} > 1)); then
            device=/dev/md/content
            mdadm --stop --scan # an array of before a reboot, under whatever name
            mdadm --create "$device" --run --level=0 --raid-devices=${#disks[@]} "${disks[@]}"
        fi
        blkid "$device" >/dev/null || mkfs.xfs -q "$device"
        mount -o noatime "$device" "$folder"
    fi
fi
chown "$user:$user" "$folder"
exec "${RENDER_NGINX:-/usr/local/bin/render-nginx}"
