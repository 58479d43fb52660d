"""A program that fails is told in one line: its own error, the resource where there is one, file and line."""

import pytest

from fourplane.errors import Failure, Mistake, Stop

REFUSING = """
class Shop(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("shop:index:Shop", name, {}, opts)
        raise pulumi.RunError(f"Shop '{name}': shelves must be at least 1, got 0")
"""

FAILURES = [
    ("raise ValueError('odd')", "__main__.py:3: ValueError: odd"),
    ("1 / 0", "__main__.py:3: ZeroDivisionError: division by zero"),
    ("import sys; sys.exit(3)", "__main__.py:3: the program ended itself with exit code 3"),
    ("def f(:", "__main__.py:3: SyntaxError: invalid syntax"),
    ("import no_such_module", "__main__.py:3: ModuleNotFoundError: No module named 'no_such_module'"),
    ("import shelf", "shelf.py:2: KeyError: 'x'"),
    (
        "v = aws.ec2.Vpc('v', cidr_block='10.0.0.0/16')\nv.id.apply(lambda id: int(id))",
        "__main__.py:4: ValueError: invalid literal for int()",
    ),
    (
        "async def main():\n    raise ValueError('late')\npulumi.run(main)",
        "__main__.py:4: ValueError: late",
    ),
    (
        "v = aws.ec2.Vpc('v', cidr_block='10.0.0.0/16')\n"
        "aws.ec2.Subnet('s', vpc_id=v.id.apply(lambda id: id[99]))",
        "__main__.py:4: IndexError: string index out of range",
    ),
]


@pytest.mark.parametrize(("program", "said"), FAILURES)
def test_a_failing_program_is_told_in_one_line(run, program, said):
    with pytest.raises(Failure) as failure:
        run(program, **{"shelf.py": "d = {}\nd['x']\n"})
    assert str(failure.value).startswith(f"shop-dev: {said}") and "\n" not in str(failure.value)
    assert failure.value.details.startswith("Traceback") or "SyntaxError" in failure.value.details


def test_a_value_that_a_component_refuses_is_told_where_the_component_was_asked_for(run):
    with pytest.raises(Mistake) as mistake:
        run(REFUSING + "\nShop('s')")
    assert str(mistake.value) == "shop-dev: __main__.py:8: Shop 's': shelves must be at least 1, got 0"


def test_a_missing_setting_is_told_with_what_would_do(run):
    with pytest.raises(
        Mistake, match="the setting shop:shelves is missing; give it with --set shop:shelves="
    ):
        run("pulumi.Config().require('shelves')")


def test_a_setting_of_the_wrong_type_is_the_users(run):
    with pytest.raises(Mistake, match=r"shop:shelves.*many"):
        run("pulumi.Config().require_int('shelves')", settings="config: {shop:shelves: many}")


def test_the_same_resource_twice_is_told_with_both_places(run):
    twice = "for _ in range(2):\n    aws.ec2.Vpc('v', cidr_block='10.0.0.0/16')"
    with pytest.raises(
        Mistake, match=r"__main__.py:4: aws:ec2/vpc:Vpc 'v': registered twice \(first at __main__"
    ):
        run(twice)


def test_an_unknown_type_is_told_with_the_nearest(run):
    with pytest.raises(Mistake, match=r"no resource type aws:ec2/vpcc:Vpcc; did you mean aws:ec2/vpc:Vpc\?"):
        run("pulumi.CustomResource('aws:ec2/vpcc:Vpcc', 'v', {})")


def test_an_unknown_package_is_told_with_what_to_install(run):
    with pytest.raises(Mistake, match="no installed SDK has the type gone:index:Thing; install pulumi-gone"):
        run("pulumi.CustomResource('gone:index:Thing', 'v', {})")


def test_outputs_of_another_stack_are_told_with_what_to_do_instead(run):
    with pytest.raises(
        Mistake, match=r"StackReference 'other/base/dev': .* only the Pulumi CLI can do; take"
    ):
        run("pulumi.StackReference('other/base/dev')")


@pytest.mark.parametrize("preview", [True, False])
def test_the_first_failure_is_told_rather_than_its_echoes(run, preview):
    with pytest.raises(Stop, match="ValueError: first"):
        run(
            """
            v = aws.ec2.Vpc("v", cidr_block="10.0.0.0/16")
            pulumi.export("loose", v.tags_all)
            aws.ec2.Subnet("s", vpc_id=v.id)
            raise ValueError("first")
            """,
            preview=preview,
        )


def test_ctrl_c_is_no_failure(run):
    with pytest.raises(KeyboardInterrupt):
        run("raise KeyboardInterrupt")
