#!/bin/sh
# Mount the disk of this slot, which may be new, and give its address a routing table of its own: what comes to the
# address is answered through the interface that has it, as EC2 demands. May be run again at any time.
#
# A program that is to speak from the address runs with the table: setfib 1 <program>. A slot without a disk has its
# data on the machine's own.
set -eu

# shellcheck source=/dev/null
. "${FOURPLANE_FOLDER:-/etc/fourplane}/slot.env"
second=ena1
table=1

pause() {
    sleep "${POLL_SECONDS:-5}"
}

is_mounted() {
    mount -p | awk -v at="$MOUNT_POINT" '$2 == at { found = 1 } END { exit !found }'
}

# Whether a disk has never been written to: a file system, a label or a partition table would begin in its first MiB.
is_empty() {
    [ "$(beginning "$1" | wc -c)" -eq 1048576 ] && [ "$(beginning "$1" | tr -d '\0' | wc -c)" -eq 0 ]
}

beginning() {
    dd if="$1" bs=1048576 count=1 2>/dev/null
}

if [ -z "${VOLUME_ID:-}" ]; then
    mkdir -p "$MOUNT_POINT"
    chown "$DATA_OWNER" "$MOUNT_POINT"
elif ! is_mounted; then
    link=${DISKS:-/dev/aws/disk/ebs}/$VOLUME_ID # made by dev_aws_disk, which is in every image of EC2
    until [ -e "$link" ]; do pause; done
    disk=$(realpath "$link")
    if [ "$(fstyp "$disk" 2>/dev/null)" = ufs ]; then
        fsck_ffs -p "$disk" # its last machine may have died
        growfs -y "$disk" || echo "$disk stays as large as it is" >&2
    elif is_empty "$disk"; then
        newfs -U -j "$disk"
    else
        echo "cannot tell what is on $disk" >&2
        exit 1
    fi
    mkdir -p "$MOUNT_POINT"
    mount -t ufs -o noatime "$disk" "$MOUNT_POINT"
    chown "$DATA_OWNER" "$MOUNT_POINT"
fi

until ifconfig "$second" >/dev/null 2>&1; do pause; done
if ! ifconfig "$second" | grep -q "inet $ADDRESS "; then
    # Both interfaces are in one subnet: its mask and its router are those of the first.
    mask=$(ifconfig ena0 | awk '$1 == "inet" { print $4; exit }')
    ifconfig "$second" fib "$table" inet "$ADDRESS" netmask "$mask" up
fi
router=$(route -n get default | awk '$1 == "gateway:" { print $2 }')
has_route() {
    setfib "$table" route -n get "$1" 2>/dev/null | grep -q "interface: $2\$"
}
has_route default "$second" || setfib "$table" route -q add default "$router"
has_route 127.0.0.1 lo0 || setfib "$table" route -q add -host 127.0.0.1 -iface lo0
