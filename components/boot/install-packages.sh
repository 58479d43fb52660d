#!/bin/sh
# Install packages, pkg itself first. In a network that is just being made their place is not reachable yet: try until
# it is.
set -eu

export ASSUME_ALWAYS_YES=yes
# FreeBSD builds them on the oldest release of a major version that it supports. Where that has moved on from the machine's,
# pkg would ask whether it may take them, and nobody answers: https://www.freebsd.org/portmgr/policies_eol/.
export IGNORE_OSVERSION=yes
until pkg install "$@"; do
    echo "no packages yet: waiting" >&2
    sleep "${POLL_SECONDS:-10}"
done
