#!/bin/sh
# Become the node of this slot: take its address and its disk over from the instance that had them, and use them.
#
# An instance that may still write to the disk keeps it: only one that has ended, or has been ending for longer than
# PATIENCE_SECONDS, is taken from, and an answer that does not come is not "it has ended". May be run again at any time.
# A slot may have no disk.
set -eu

PATH=$PATH:/usr/local/bin # which rc and cron of FreeBSD leave out
# shellcheck source=/dev/null
. "${FOURPLANE_FOLDER:-/etc/fourplane}/slot.env"
me=$(cloud-init query instance_id)
began=$(date +%s)

ec2() {
    aws ec2 "$@" --region "$AWS_REGION" --output text
}

pause() {
    sleep "${POLL_SECONDS:-5}"
}

has_let_go() {
    state=$(ec2 describe-instances --filters "Name=instance-id,Values=$1" \
        --query 'Reservations[].Instances[].State.Name') || return 1
    case $state in
    terminated | stopped | '') return 0 ;;
    shutting-down) [ $(($(date +%s) - began)) -gt "${PATIENCE_SECONDS:-180}" ] ;;
    *)
        echo "$1 is $state and holds $2: waiting" >&2
        return 1
        ;;
    esac
}

interface_is_mine() {
    answer=$(ec2 describe-network-interfaces --network-interface-ids "$NETWORK_INTERFACE_ID" \
        --query 'NetworkInterfaces[0].Attachment.[InstanceId,AttachmentId,Status]') || return 1
    read -r holder attachment status <<END
$answer
END
    if [ "$holder" = "$me" ] && [ "$status" = attached ]; then return 0; fi
    if [ "$holder" = None ]; then
        ec2 attach-network-interface --network-interface-id "$NETWORK_INTERFACE_ID" --instance-id "$me" \
            --device-index 1 >/dev/null
    elif [ "$holder" != "$me" ] && has_let_go "$holder" "$NETWORK_INTERFACE_ID"; then
        ec2 detach-network-interface --attachment-id "$attachment" --force
    fi
    return 1
}

volume_is_mine() {
    answer=$(ec2 describe-volumes --volume-ids "$VOLUME_ID" \
        --query 'Volumes[0].Attachments[0].[InstanceId,State]') || return 1
    read -r holder status <<END
$answer
END
    if [ "$holder" = "$me" ] && [ "$status" = attached ]; then return 0; fi
    if [ "$holder" = None ]; then
        ec2 attach-volume --volume-id "$VOLUME_ID" --instance-id "$me" --device "$DEVICE" >/dev/null
    elif [ "$holder" != "$me" ] && has_let_go "$holder" "$VOLUME_ID"; then
        ec2 detach-volume --volume-id "$VOLUME_ID" --instance-id "$holder" --force >/dev/null
    fi
    return 1
}

# The disk first: whoever has the address without the data would be taken for the node.
until [ -z "${VOLUME_ID:-}" ] || volume_is_mine; do pause; done
until interface_is_mine; do pause; done
exec use-slot
