#!/bin/bash
# Take a free address of this machine's zone, put the server together, and say who it is.
#
# EC2 frees an address when the instance that had it ends, and gives it to one instance only: where none is free, a
# living server has it, and this machine waits. May be run again at any time.
set -euo pipefail

folder=${FOURPLANE_FOLDER:-/etc/fourplane}
webapp=${WEBAPP:-/opt/eureka/webapp}
# shellcheck source=/dev/null
source "$folder/machine.env"
# shellcheck source=/dev/null
source "$folder/server.env"
# shellcheck source=/dev/null
source "$folder/artifact.env"
me=$(cloud-init query instance_id)
zone=$(cloud-init query availability_zone)

ec2() {
    aws ec2 "$@" --region "$AWS_REGION" --output text
}

# addresses: lines of "<zone> <allocation> <host name>"
claim() {
    local place allocation name holder
    while read -r place allocation name; do
        if [[ $place != "$zone" ]]; then continue; fi
        holder=$(ec2 describe-addresses --allocation-ids "$allocation" --query 'Addresses[0].InstanceId') || continue
        if [[ $holder == None || -z $holder ]]; then
            ec2 associate-address --allocation-id "$allocation" --instance-id "$me" --no-allow-reassociation \
                >/dev/null || continue
        elif [[ $holder != "$me" ]]; then
            continue
        fi
        host=$name
        return
    done <"$folder/addresses"
    return 1
}

host=
until claim; do sleep "${POLL_SECONDS:-5}"; done

FOURPLANE_FOLDER=$folder fetch-artifact
if [[ ! -d $webapp ]]; then
    rm -rf "$webapp.new"
    python3 -m zipfile -e "$FILE" "$webapp.new"
    install -m 0644 "$folder"/eureka/*.properties "$webapp.new/WEB-INF/classes/"
    mv "$webapp.new" "$webapp"
fi

# With these a server knows which of the peers in eureka-client.properties it is itself.
cat >"$folder/address.env" <<END
CATALINA_OPTS=-Deureka.myUrl=http://$host:$PORT/eureka/v2/ -Deureka.environment=production -XX:MaxRAMPercentage=60
END
