#!/bin/sh
# What a node needs beside its packages: our modules, compiled where their sources are, and on chat servers a
# certificate that vouches for itself, made once. prepare-ejabberd <folder of prepare.env>
set -eu

# shellcheck disable=SC1091
. "$1/prepare.env"

setting() {
    sed -n "s/^$1=[\"']\{0,1\}\([^\"']*\)[\"']\{0,1\}\$/\1/p" "$EJABBERDCTL" | head -n 1
}

if [ -d "$SOURCES" ]; then
    erl=$(setting ERL)
    ERL_LIBS=$(setting ERL_LIBS)
    root=$("$erl" -noshell -eval 'io:put_chars(code:root_dir()), halt().')
    places="$ERL_LIBS $root/lib" includes=
    for header in ejabberd_commands.hrl xmpp.hrl fxml.hrl; do
        # shellcheck disable=SC2086 # several folders
        found=$(find $places -name "$header" | head -n 1)
        [ -n "$found" ] || { echo "no $header in $places" >&2; exit 1; }
        includes="$includes -I $(dirname "$found")"
        # A header names others by their library: on FreeBSD those of ejabberd are within its own folder.
        ERL_LIBS=$ERL_LIBS:${found%/*/*/*}
    done
    export ERL_LIBS
    mkdir -p "$MODULES"
    # shellcheck disable=SC2086 # several flags
    "${erl}c" $includes -o "$MODULES" "$SOURCES"/*.erl
fi

if [ -n "$DOMAIN" ] && [ ! -s "$DATA/certificate.pem" ]; then
    umask 077
    rm -f "$DATA/.key" "$DATA/.certificate" "$DATA/.both" # whose user may have made them lead elsewhere
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=ejabberd \
        -addext "subjectAltName=DNS:$DOMAIN" -keyout "$DATA/.key" -out "$DATA/.certificate" 2>/dev/null
    cat "$DATA/.certificate" "$DATA/.key" >"$DATA/.both"
    rm "$DATA/.certificate" "$DATA/.key"
    chown ejabberd "$DATA/.both"
    mv "$DATA/.both" "$DATA/certificate.pem"
fi
