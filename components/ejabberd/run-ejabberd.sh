#!/bin/sh
# What FreeBSD keeps running: ejabberd, as the node of its slot, stopped in its own way when this is told to end.
set -eu

PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin
control() {
    setfib 1 ejabberdctl "$@" # from the slot's address: see use-slot
}

claim-slot
ejabberd-cookie
prepare-ejabberd /usr/local/etc/ejabberd
trap 'control stop' TERM INT
control foreground &
node=$!
status=0
while :; do
    # A signal ends the wait, and not the node.
    wait "$node" && status=0 || status=$?
    kill -0 "$node" 2>/dev/null || exit "$status"
done
