"""What a FreeBSD machine is told at its first boot."""

import re
import subprocess

import pytest
import yaml

from components.machine import BOOT, BootFile
from components.system import FreeBsd, service_script

MACHINE = FreeBsd(
    name="proxy",
    packages_url="https://packages.s3.us-east-1.amazonaws.com/FreeBSD:14:aarch64/quarterly",
    packages=["nginx", "www/py-boto3"],
    files={"/usr/local/etc/nginx/nginx.conf": BootFile("events {}\n")},
    sysctls={"kern.maxfiles": "65536", "kern.ipc.maxsockets": "65536", "net.fibs": "2"},
    services=["nginx"],
    settings={"ifconfig_ena1": "fib 1"},
    commands=[["/usr/local/bin/fetch-programs"]],
)
SCRIPTS = ("claim-slot.sh", "use-slot.freebsd.sh", "fetch-programs.sh", "install-packages.sh")


@pytest.fixture
def config():
    return yaml.safe_load(MACHINE.cloud_config())


@pytest.fixture
def written(config):
    return {one["path"]: one["content"] for one in config["write_files"]}


def test_user_data_is_cloud_init(program, tmp_path):
    (tmp_path / "user-data").write_text(MACHINE.cloud_config())
    check = [program("cloud-init", "cloud-init"), "schema", "--config-file", str(tmp_path / "user-data")]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Valid" in done.stdout, done.stdout + done.stderr


def test_packages_come_first_and_services_after_a_restart(config, written):
    assert config["runcmd"] == [
        ["/usr/local/bin/install-packages", "nginx", "www/py-boto3"],
        ["/usr/local/bin/fetch-programs"],
    ]
    assert config["power_state"]["mode"] == "reboot"
    assert 'nginx_enable="YES"\n' in written["/etc/rc.conf.local"]
    assert 'ifconfig_ena1="fib 1"\n' in written["/etc/rc.conf.local"]


def test_packages_are_the_mirrors_with_freebsds_own_signatures(written):
    settings = written["/usr/local/etc/pkg/repos/FreeBSD.conf"]
    assert f'url: "{MACHINE.packages_url}"' in settings and 'mirror_type: "none"' in settings
    assert 'signature_type: "fingerprints"' in settings and "FreeBSD-kmods: { enabled: no }" in settings


def test_what_the_kernel_reads_once_is_the_loaders(written):
    assert written["/boot/loader.conf.local"] == 'kern.ipc.maxsockets="65536"\nnet.fibs="2"\n'
    assert written["/etc/sysctl.conf.local"] == "kern.maxfiles=65536\n"


def test_settings_are_what_a_shell_reads(program, written, tmp_path):
    (tmp_path / "rc.conf").write_text(written["/etc/rc.conf.local"])
    read = f". {tmp_path}/rc.conf; echo $nginx_enable $ifconfig_ena1"
    done = subprocess.run([program("dash", "dash"), "-euc", read], capture_output=True, text=True, check=True)
    assert done.stdout == "YES fib 1\n"
    assert re.fullmatch(r"([\w.]+=\S+\n)+", written["/etc/sysctl.conf.local"])


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_for_any_shell(program, script):
    check = [program("shellcheck", "shellcheck"), "--shell=sh", str(BOOT / script)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert (BOOT / script).read_text().startswith("#!/bin/sh\n")


def test_a_service_is_started_again_where_it_ends(program, machine):
    """rc.subr is FreeBSD's: a stand-in says what it would have been asked to do."""
    script = service_script("it", "/usr/local/bin/run-it").text
    (machine.root / "rc.subr").write_text(
        'load_rc_config() { :; }\nrun_rc_command() { echo "$1 $rcvar $command $command_args"; }\n'
    )
    (machine.root / "it").write_text(script.replace("/etc/rc.subr", str(machine.root / "rc.subr")))
    done = machine.run(program("dash", "dash"), str(machine.root / "it"), "start", env={})
    assert done.stdout == (
        "start it_enable /usr/sbin/daemon "
        "-f -R 5 -P /var/run/it.pid -o /var/log/it.log /usr/local/bin/run-it\n"
    )


def test_packages_are_asked_for_until_they_are_there(program, machine):
    unasked = '[ "$ASSUME_ALWAYS_YES$IGNORE_OSVERSION" = yesyes ]'
    machine.stand_in("pkg", f"{unasked} && [ $(grep -c '^pkg' {machine.root}/calls) -gt 2 ]")
    command = [program("dash", "dash"), str(BOOT / "install-packages.sh"), "nginx", "www/py-boto3"]
    assert machine.run(*command, env={"POLL_SECONDS": "0"}).returncode == 0
    assert machine.called() == ["pkg install nginx www/py-boto3"] * 3
