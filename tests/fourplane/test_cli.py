"""The command as a user runs it: results on stdout, the rest on stderr, one line for what goes wrong."""

import json
import os
import signal
import socket
import subprocess
import sys

import boto3
import pytest

from fourplane.cli.app import run

KEYS = {
    "urn", "type", "name", "parent", "custom", "provider", "region", "protect", "dependencies",
    "property_dependencies", "inputs", "outputs",
}  # fmt: skip

STACK = """
print("from the program")
vpc = aws.ec2.Vpc("net" * 60, cidr_block="10.0.0.0/16", tags={"plane": "network"})
pulumi.export("vpc", vpc.id)
pulumi.export("password", pulumi.Output.secret("hunter22-and-more"))
"""


def start(root, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "fourplane", *arguments],
        cwd=root, env={**os.environ, "PYTHONPATH": os.getcwd(), "PYTHONUNBUFFERED": ""}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


@pytest.fixture
def fourplane(write, monkeypatch, capfd):
    """fourplane(arguments, program): exit code, stdout and stderr of the command, run in this process."""

    def fourplane(*arguments, program=STACK, settings="", **files):
        monkeypatch.chdir(write(program, settings, **files))
        return run([*arguments]), *capfd.readouterr()

    return fourplane


def test_help_loads_nothing_heavy():
    loaded = (
        "import sys, fourplane.cli.app; print({'pulumi', 'boto3', 'moto', 'rich', 'yaml'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", loaded], text=True) == "set()\n"


def test_lists_the_stacks(fourplane):
    files = {
        "Pulumi.yaml": "name: shop\nstackConfigDir: stacks\n",
        "stacks/shop.py": '"""All things."""',
        "stacks/Pulumi.shop-dev.yaml": "",
        "stacks/Pulumi.shop-prod.yaml": "",
    }
    assert fourplane("list", **files) == (0, "shop-dev   All things.\nshop-prod  All things.\n", "")
    code, out, _ = fourplane("list", "--json", **files)
    assert code == 0 and json.loads(out)[1] == {"stack": "shop-prod", "description": "All things."}


def test_previews_by_plane_unwrapped_and_without_colours(fourplane):
    code, out, err = fourplane("preview", "shop")
    assert (code, err) == (0, "from the program\n")
    assert (
        out
        == "shop-dev: 1 resources in 0 components in us-east-1\n\nnetwork plane\n  ec2 Vpc '"
        + "net" * 60
        + "'\n"
    )


def test_preview_json_is_one_object_with_secrets_masked(fourplane):
    code, out, _ = fourplane("preview", "shop-dev", "--json")
    shown = json.loads(out)
    assert code == 0 and shown.keys() == {"stack", "outputs", "resources"}
    assert shown["resources"][0].keys() >= KEYS
    assert shown["outputs"] == {"vpc": shown["resources"][0]["outputs"]["id"], "password": "[secret]"}


def test_up_json_has_what_the_cloud_answered(fourplane):
    code, out, _ = fourplane("up", "shop-dev", "--json")
    shown = json.loads(out)
    assert code == 0 and shown.keys() == {"stack", "outputs", "resources", "simulated", "seconds"}
    assert shown["outputs"]["vpc"].startswith("vpc-") and shown["simulated"] == [] and shown["seconds"] > 0


def test_up_says_what_was_made_and_what_to_do_next(fourplane):
    code, out, err = fourplane("up", "shop")
    assert code == 0 and "hunter22" not in out + err
    assert "shop-dev: 1 resources deployed in" in out and "     1  without a component" in out
    assert "  password = [secret]\n" in out and "fourplane up shop-dev --serve" in out


def test_a_setting_can_be_given(fourplane):
    program = 'pulumi.export("zones", pulumi.Config().get("zones"))'
    code, out, _ = fourplane("preview", "shop", "--set", "zones=2", "--json", program=program)
    assert (code, json.loads(out)["outputs"]) == (0, {"zones": "2"})


def test_encrypted_settings_are_warned_of_once(fourplane):
    code, _, err = fourplane("preview", "shop", program="", settings="config: {shop:key: {secure: x}}")
    assert code == 0
    assert (
        err == "warning: shop:key: encrypted; only the Pulumi CLI can open it, so a stand-in is used here\n"
    )


@pytest.mark.parametrize(
    ("arguments", "program", "code", "said"),
    [
        (["preview", "shpo"], "", 2, "no stack 'shpo'; did you mean 'shop-dev'?"),
        (["preview"], "", 2, "Missing argument 'STACK'"),
        (["previw"], "", 2, "No such command 'previw'"),
        (["preview", "shop", "--sett", "a=b"], "", 2, "No such option: --sett"),
        (["preview", "shop", "--set", "a"], "", 2, "--set must be key=value, got 'a'"),
        (["up", "shop", "--target", "mars"], "", 2, "Invalid value for '--target'"),
        (["up", "shop", "--target", "aws"], "", 2, "curl -fsSL https://get.pulumi.com | sh"),
        (["preview", "shop"], "raise pulumi.RunError('bad')", 2, "shop-dev: __main__.py:3: bad"),
        (["preview", "shop"], "raise ValueError('bad')", 1, "shop-dev: __main__.py:3: ValueError: bad"),
        (["up", "shop"], "pulumi.CustomResource('aws:ec2/vpc:Vpcc', 'v')", 2, "you mean aws:ec2/vpc:Vpc?"),
        (
            ["up", "shop"], "aws.gamelift.Alias('a', routing_strategy={'type': 'TERMINAL', 'message': 'm'})",
            1,
            "no creator for aws:gamelift/alias:Alias; add one in fourplane/sandbox/aws/gamelift.py",
        ),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_line_on_stderr(fourplane, monkeypatch, arguments, program, code, said):
    monkeypatch.setenv("PATH", "/nowhere")
    got, out, err = fourplane(*arguments, program=program)
    assert (got, out) == (code, "")
    assert err.startswith("error: ") and err.count("\n") == 1 and said in err


def test_debug_shows_the_programs_traceback(fourplane):
    _, _, err = fourplane("preview", "shop", "--debug", program="raise ValueError('bad')")
    assert "Traceback" in err and err.splitlines()[-1] == "error: shop-dev: __main__.py:3: ValueError: bad"


def test_what_nobody_foresaw_is_one_line_too(tmp_path):
    gone = f'rm -r "$PWD"; exec {sys.executable} -m fourplane list'
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    (tmp_path / "gone").mkdir()
    ended = subprocess.run(
        ["sh", "-c", gone], cwd=tmp_path / "gone", env=environment, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: FileNotFoundError") and ended.stderr.count("\n") == 1
    assert "this is a bug in fourplane; run with --debug for the traceback" in ended.stderr


@pytest.mark.parametrize("arguments", [["preview", "shop"], ["list", "--json"]])
def test_a_closed_pipe_is_no_error(write, arguments):
    process = start(write(), *arguments)
    process.stdout.close()
    assert (process.wait(60), process.stderr.read()) == (1, "")
    process.stderr.close()


def test_ctrl_c_is_quiet(write):
    root = write("import time\nprint('begun')\ntime.sleep(60)")
    process = start(root, "up", "shop")
    assert process.stderr.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")


def test_the_cloud_that_was_deployed_is_the_one_that_is_served(write):
    process = start(write(STACK), "up", "shop", "--serve", "--port", "0", "--json")
    try:
        url = next(line for line in process.stderr if line.startswith("serving")).split()[3]
        ec2 = boto3.client(
            "ec2", region_name="us-east-1", endpoint_url=url, aws_access_key_id="x", aws_secret_access_key="x"
        )
        found = ec2.describe_vpcs(Filters=[{"Name": "tag:plane", "Values": ["network"]}])["Vpcs"]
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        assert [vpc["VpcId"] for vpc in found] == [json.loads(out)["outputs"]["vpc"]]
        assert url.startswith("http://127.0.0.1:") and process.returncode == 130
    finally:
        process.kill()
        process.communicate()


def test_a_port_in_use_is_one_line(fourplane):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = fourplane("up", "shop", "--serve", "--port", str(port))
    assert (code, out, err) == (2, "", f"error: 127.0.0.1:{port} is in use; choose another with --port\n")
