#!/bin/bash
# Keep the list of the other machines of this fleet, and nginx with it.
set -euo pipefail

folder=${FOURPLANE_FOLDER:-/etc/fourplane}
# shellcheck source=/dev/null
source "$folder/machine.env"
me=$(cloud-init query instance_id)

instances() {
    aws ec2 describe-instances --region "$AWS_REGION" --output text "$@"
}

# Whoever is in the same security group as this machine is of the same fleet.
group=$(instances --instance-ids "$me" --query 'Reservations[0].Instances[0].SecurityGroups[0].GroupId')
instances --filters "Name=instance.group-id,Values=$group" Name=instance-state-name,Values=running \
    --query "Reservations[].Instances[?InstanceId!='$me'][].[PrivateIpAddress]" |
    LC_ALL=C sort | sed -nE 's|^([0-9.]+)$|mirror /peers/\1;|p' >"$folder/atlas/peers.new"
if cmp --silent "$folder/atlas/peers.new" "$folder/atlas/peers.conf"; then
    rm "$folder/atlas/peers.new"
    exit
fi
mv "$folder/atlas/peers.new" "$folder/atlas/peers.conf"
systemctl try-reload-or-restart atlas-replicas.service
