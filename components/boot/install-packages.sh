#!/bin/sh
# Install packages, pkg itself first. In a network that is just being made their place is not reachable yet: try until
# it is.
set -eu

export ASSUME_ALWAYS_YES=yes
until pkg install "$@"; do
    echo "no packages yet: waiting" >&2
    sleep "${POLL_SECONDS:-10}"
done
