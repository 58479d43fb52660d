#!/bin/bash
# Mount the disk of this slot, which may be new, and wait until its address is up. May be run again at any time.
# A slot without a disk has its data on the machine's own.
set -euo pipefail

# shellcheck source=/dev/null
source "${FOURPLANE_FOLDER:-/etc/fourplane}/slot.env"

pause() {
    sleep "${POLL_SECONDS:-5}"
}

if [[ -z ${VOLUME_ID:-} ]]; then
    install -d -o "${DATA_OWNER%:*}" -g "${DATA_OWNER#*:}" "$MOUNT_POINT"
elif ! mountpoint --quiet "$MOUNT_POINT"; then
    disk=${DISKS:-/dev/disk/by-id}/nvme-Amazon_Elastic_Block_Store_${VOLUME_ID/-/}
    until [[ -e $disk ]]; do pause; done
    found=0
    blkid --probe "$disk" >/dev/null || found=$?
    case $found in
    0) ;;
    2) mkfs.xfs -q "$disk" ;; # nothing there; mkfs itself refuses a disk that has a file system
    *)
        echo "cannot tell what is on $disk" >&2
        exit 1
        ;;
    esac
    mkdir -p "$MOUNT_POINT"
    mount -t xfs -o noatime "$disk" "$MOUNT_POINT"
    xfs_growfs "$MOUNT_POINT" >/dev/null # where the volume has been made larger
    chown "$DATA_OWNER" "$MOUNT_POINT"
fi

until ip -oneline -4 address show | grep --quiet --fixed-strings " $ADDRESS/"; do pause; done
