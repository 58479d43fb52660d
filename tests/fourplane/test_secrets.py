"""A secret reaches the cloud and nothing that is printed."""

import json

import pytest

from fourplane.errors import Stop
from fourplane.preview import Preview

PARAMETER = "aws:ssm/parameter:Parameter"
PASSWORD = "hunter22-and-more"


def assert_hidden(graph):
    assert PASSWORD not in json.dumps(graph.as_json())


@pytest.mark.parametrize(
    "made",
    [
        'pulumi.Config().require_secret("password")',
        f'pulumi.Output.secret("{PASSWORD}")',
        f'pulumi.Output.secret({{"inner": ["{PASSWORD}"]}}).apply(lambda v: v["inner"][0])',
        f'pulumi.Output.concat("postgres://u:", pulumi.Output.secret("{PASSWORD}"), "@db")',
    ],
)
def test_secrets_are_given_to_the_cloud_but_not_shown(run, made):
    graph = run(
        f"""
        secret = {made}
        aws.ssm.Parameter("p", type="SecureString", value=secret)
        pulumi.export("secret", secret)
        pulumi.export("nested", {{"deep": [secret]}})
        """,
        settings=f"config: {{shop:password: {PASSWORD}}}",
    )
    assert PASSWORD in graph.one(PARAMETER).inputs["value"].value
    assert graph.as_json()["outputs"]["secret"] == "[secret]"
    assert_hidden(graph)


def test_a_secret_is_hidden_in_the_texts_of_others(run):
    graph = run(f"""
        hidden = pulumi.Output.secret("{PASSWORD}")
        open_text = pulumi.Output.unsecret(hidden.apply(lambda v: f"https://u:{{v}}@host"))
        aws.sns.Topic("t", display_name=open_text)
    """)
    assert graph.as_json()["resources"][0]["inputs"]["displayName"] == "https://u:[secret]@host"


def test_outputs_that_the_program_calls_secret_are_hidden(run):
    class Cloud(Preview):
        def create(self, resource):
            return "id", {"arn": f"arn:{PASSWORD}", "owner": PASSWORD}

    graph = run(
        """
        t = aws.sns.Topic("t", opts=pulumi.ResourceOptions(additional_secret_outputs=["arn", "owner"]))
        pulumi.export("arn", t.arn)
        """,
        cloud=Cloud(),
    )
    assert_hidden(graph)


def test_a_setting_declared_secret_is_hidden(run):
    graph = run(
        'pulumi.export("text", "x" + pulumi.Config().require("password"))',
        settings=f"config: {{shop:password: {PASSWORD}}}",
        **{"Pulumi.yaml": "name: shop\nruntime: python\nconfig: {password: {type: string, secret: true}}"},
    )
    assert graph.as_json()["outputs"] == {"text": "x[secret]"}


def test_the_parts_of_a_secret_object_are_hidden(run):
    graph = run(
        'pulumi.export("text", pulumi.Config().require_object("db")["password"])',
        settings=f"config: {{shop:db: {{password: {PASSWORD}}}}}",
        **{"Pulumi.yaml": "name: shop\nruntime: python\nconfig: {db: {type: object, secret: true}}"},
    )
    assert graph.as_json()["outputs"] == {"text": "[secret]"}


@pytest.mark.parametrize(
    "raising",
    [
        "raise ValueError(password)",
        "aws.sns.Topic('t', display_name=password, kms_master_key_id=password, no_such=1)",
        "pulumi.Output.secret(password).apply(lambda v: v.missing)",
        "pulumi.Output.secret(password).apply(lambda v: int(v))",
    ],
)
def test_a_secret_is_hidden_in_errors(run, raising):
    with pytest.raises(Stop) as stop:
        run(
            f"password = pulumi.Config().require('password')\n{raising}",
            settings=f"config: {{shop:password: {PASSWORD}}}",
            **{
                "Pulumi.yaml": "name: shop\nruntime: python\nconfig: {password: {type: string, secret: true}}"
            },
        )
    assert PASSWORD not in str(stop.value) and PASSWORD not in stop.value.details


@pytest.mark.parametrize("known", [f"'{PASSWORD}'", f"pulumi.Output.from_input('{PASSWORD}')"])
def test_a_secret_that_only_the_program_knows_is_hidden_in_errors(run, known):
    with pytest.raises(Stop, match=r"\[secret\]"):
        run(f"pulumi.Output.secret({known}).apply(lambda v: int(v))")


def test_a_secret_is_hidden_in_what_the_program_prints(run, capfd):
    run(f'pulumi.Output.secret("{PASSWORD}").apply(lambda v: print("got", v))\npulumi.log.warn("w")')
    out, err = capfd.readouterr()
    assert PASSWORD not in out + err and "got [secret]" in err


def test_a_region_inside_a_secret_stays_readable(run):
    graph = run("""
        aws.sns.Topic("t", tags=pulumi.Output.secret({"where": "us-east-1"}))
    """)
    assert graph.as_json()["resources"][0]["region"] == "us-east-1"


def test_encrypted_settings_have_a_stand_in(run):
    graph = run(
        'pulumi.export("p", pulumi.Config().require_secret("password"))',
        settings="config: {shop:password: {secure: AAABAA==}}",
    )
    assert graph.as_json()["outputs"] == {"p": "[secret]"}
