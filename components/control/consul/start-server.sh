#!/bin/sh
# Starts a server of Consul, which then learns of the token that services have.
#
# Asks for: POD_NAME, POD_IP, PEERS, NAME, SERVERS, GOSSIP_KEY, MANAGEMENT_TOKEN, SERVICES_TOKEN.
set -eu
umask 077
here=$(dirname "$0")
kept=${RUN_DIRECTORY:-/tmp}

# On the command line, anyone in the pod would see them.
cat >"$kept/secrets.json" <<END
{
  "encrypt": "$GOSSIP_KEY",
  "acl": {"tokens": {"initial_management": "$MANAGEMENT_TOKEN", "agent": "$MANAGEMENT_TOKEN"}}
}
END

# Without itself: it would be content with having found that.
others=
number=0
while [ "$number" -lt "$SERVERS" ]; do
    if [ "$NAME-$number" != "$POD_NAME" ]; then
        others="$others -retry-join=$NAME-$number.$PEERS"
    fi
    number=$((number + 1))
done

# Every server does it, and it is the same whoever is first.
enrol() {
    consul acl policy create -name services -rules "@$here/services.hcl" >/dev/null 2>&1 ||
        consul acl policy update -name services -rules "@$here/services.hcl" >/dev/null 2>&1 || return 1
    CONSUL_HTTP_TOKEN=$SERVICES_TOKEN consul acl token read -self >/dev/null 2>&1 ||
        consul acl token create -secret "$SERVICES_TOKEN" -policy-name services -description Services >/dev/null 2>&1
}
(
    export CONSUL_HTTP_TOKEN="$MANAGEMENT_TOKEN"
    # Until there is a leader, nobody knows any token.
    until enrol; do
        sleep "${RETRY_SECONDS:-5}"
    done
    echo "start-server: services may log in"
) &

# shellcheck disable=SC2086
exec consul agent -config-file="$here/server.json" -config-file="$kept/secrets.json" \
    -node="$POD_NAME" -advertise="$POD_IP" $others
