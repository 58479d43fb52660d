#!/bin/sh
# PROVIDE: ejabberd_agent
# REQUIRE: DAEMON
# KEYWORD: shutdown

. /etc/rc.subr

name=ejabberd_agent
desc="Vitals, log and drain of ejabberd"
rcvar=ejabberd_agent_enable

load_rc_config "$name"
: "${ejabberd_agent_enable:=NO}"
: "${ejabberd_agent_user:=ejabberd}"
: "${ejabberd_agent_env_file:=/etc/fourplane/agent.env}"

export STATE_DIRECTORY=/var/db/ejabberd-agent
pidfile=/var/run/ejabberd_agent.pid
command=/usr/sbin/daemon
required_files=$ejabberd_agent_env_file
start_precmd=prepare

prepare() {
    # A package of Python's is for one of its versions, whichever that is today.
    for python in /usr/local/bin/python3.[0-9]*; do
        if "$python" -c "import boto3" 2>/dev/null; then break; fi
    done
    command_args="-R 5 -S -T ejabberd-agent -P $pidfile $python /usr/local/bin/ejabberd-agent"
    install -d -m 0750 -o "$ejabberd_agent_user" "$STATE_DIRECTORY"
    install -m 0644 -o "$ejabberd_agent_user" /dev/null "$pidfile"
    # A network card says nothing of what it tracks until it is told how often, in seconds.
    for interval in $(sysctl -N dev.ena | grep 'sample_interval$'); do
        sysctl "$interval=30" >/dev/null || echo "$interval stays as it is" >&2
    done
}

run_rc_command "$1"
