"""A project's files are read as Pulumi reads them; what is wrong with one is told with its file and line."""

import re

import pytest

from fourplane import project
from fourplane.errors import Mistake


def test_a_company_means_its_dev_stack(write):
    found = project.find(write())
    assert found.stack("shop") == found.stack("shop-dev") == "shop-dev"


def test_rejects_an_unknown_stack_with_the_nearest(write):
    with pytest.raises(
        Mistake, match="no stack 'shop-deb'; did you mean 'shop-dev'\\? known stacks: shop-dev"
    ):
        project.find(write()).stack("shop-deb")


def test_finds_the_project_from_inside_it(write):
    root = write(**{"deep/inside/file": ""})
    assert project.find(root / "deep/inside").root == root


def test_rejects_a_folder_outside_any_project(tmp_path):
    with pytest.raises(Mistake, match=r"no Pulumi.yaml in .*; run fourplane inside a project"):
        project.find(tmp_path)


def test_settings_come_from_declarations_then_the_stack_then_the_command(write):
    one = "{default: 1}"
    declared = f"name: shop\nconfig: {{a: {one}, b: {one}, c: {one}, d: {{type: string}}}}"
    found = project.find(write(settings="config: {shop:b: 2, shop:c: 2}", **{"Pulumi.yaml": declared}))
    assert project.settings(found, "shop-dev", ["c=3"]).values == {
        "shop:a": "1",
        "shop:b": "2",
        "shop:c": "3",
    }


def test_values_are_texts_as_the_sdk_wants_them(write):
    found = project.find(
        write(settings="config: {on: true, day: 2026-01-02, list: [1, {a: b}], text: '5', none: null}")
    )
    assert project.settings(found, "shop-dev", []).values == {
        "shop:on": "true", "shop:day": '"2026-01-02"', "shop:list": '[1, {"a": "b"}]', "shop:text": "5",
    }  # fmt: skip


def test_encrypted_values_have_a_stand_in_and_are_named(write):
    found = project.find(
        write(settings="config: {a: {secure: x}, b: {user: u, password: {secure: y}}, c: 1}")
    )
    settings = project.settings(found, "shop-dev", [])
    assert settings.stand_ins == {"shop:a", "shop:b"} <= settings.secret_keys
    assert settings.values["shop:b"] == f'{{"user": "u", "password": "{project.STAND_IN_SECRET}"}}'


BROKEN = {
    "config:\n  a: [1,\n  b: 2\n": "Pulumi.shop-dev.yaml:4: not YAML: expected ',' or ']'",
    "a: b: c\n": "Pulumi.shop-dev.yaml:1: not YAML: mapping values are not allowed here",
    "- a\n": "Pulumi.shop-dev.yaml: must hold a mapping, got list",
    "config: 5\n": "Pulumi.shop-dev.yaml: 'config' must be a mapping of settings, got 5",
}


@pytest.mark.parametrize("text", BROKEN)
def test_rejects_a_broken_stack_file_with_its_line(write, text):
    found = project.find(write(**{"Pulumi.shop-dev.yaml": text}))
    with pytest.raises(Mistake, match=re.escape(BROKEN[text])):
        project.settings(found, "shop-dev", [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("runtime: python\n", "'name' must be the project's name, got None"),
        ("name: shop\nmain: nowhere\n", "nowhere.* does not exist; 'main' in Pulumi.yaml"),
        ("name: shop\nconfig: [a]\n", r"'config' must be a mapping of settings, got \['a'\]"),
    ],
)
def test_rejects_a_broken_project_file(write, text, said):
    with pytest.raises(Mistake, match=said):
        project.find(write(**{"Pulumi.yaml": text}))


def test_rejects_an_override_without_a_value(write):
    with pytest.raises(Mistake, match="--set must be key=value, got 'zones'"):
        project.settings(project.find(write()), "shop-dev", ["zones"])


def test_a_stack_is_described_by_its_page_which_is_not_run(write):
    page = '"""Everything from A to Z.\n\nMore."""\nraise SystemExit\n'
    root = write(
        **{
            "Pulumi.yaml": "name: shop\nstackConfigDir: stacks\n",
            "stacks/shop.py": page,
            "stacks/Pulumi.shop-dev.yaml": "",
        }
    )
    assert project.find(root).description("shop-dev") == "Everything from A to Z."
    assert project.find(root).description("other-dev") == ""
