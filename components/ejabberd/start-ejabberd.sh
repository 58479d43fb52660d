#!/bin/sh
# What the container runs: ejabberd, stopped in its own way when the container is.
set -eu

prepare-ejabberd /etc/ejabberd
trap 'ejabberdctl stop' TERM INT
ejabberdctl foreground &
node=$!
status=0
while :; do
    # A signal ends the wait, and not the node.
    wait "$node" && status=0 || status=$?
    kill -0 "$node" 2>/dev/null || exit "$status"
done
