import pulumi
import pytest

from components.control.image_cache import ImageCache
from components.service.service_image import ServiceImage
from fourplane.errors import Mistake

SOURCES = {"Dockerfile": "FROM debian\nCOPY main.py /\n", "main.py": "print(1)\n"}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
PROJECT = "aws:codebuild/project:Project"
REPOSITORY = "aws:ecr/repository:Repository"
POLICY = "aws:iam/rolePolicy:RolePolicy"


@pytest.fixture
def image(preview):
    """image(**args): the image's graph, of two small files."""
    return lambda **args: preview(lambda: ServiceImage("app", args or {"files": SOURCES}))


def tag(graph):
    return graph.one("fourplane:index:ServiceImage").outputs["image_uri"].rpartition(":")[2]


def write(folder, sources=SOURCES):
    for at, text in sources.items():
        (folder / at).parent.mkdir(parents=True, exist_ok=True)
        (folder / at).write_text(text)
    return str(folder)


def test_the_tag_is_that_of_the_sources_wherever_they_are(image, tmp_path):
    one, other = write(tmp_path / "one"), write(tmp_path / "other")
    (tmp_path / "other" / "__pycache__").mkdir()
    (tmp_path / "other" / "__pycache__" / "main.pyc").write_bytes(b"1")
    (tmp_path / "other" / "main.py").chmod(0o755)
    assert tag(image(folder=one)) == tag(image(folder=other)) == tag(image(files=SOURCES))


@pytest.mark.parametrize(
    "changed",
    [
        {"files": {**SOURCES, "main.py": "print(2)\n"}},
        {"files": {"Dockerfile": SOURCES["Dockerfile"], "other.py": SOURCES["main.py"]}},
        {"files": SOURCES, "architecture": "x86_64"},
    ],
    ids=["content", "name", "architecture"],
)
def test_another_image_has_another_tag(image, changed):
    assert tag(image(**changed)) != tag(image())


def test_a_tag_is_never_written_twice_and_is_built_of_its_own_sources(image):
    graph = image()
    made = graph.one(PROJECT).inputs
    assert graph.one(REPOSITORY).inputs["imageTagMutability"] == "IMMUTABLE"
    assert made["source"]["location"].endswith(f"/{tag(graph)}.zip")
    assert {"name": "IMAGE_TAG", "value": tag(graph)} in made["environment"]["environmentVariables"]
    asked = graph.one("aws:lambda/invocation:Invocation")
    assert tag(graph) in asked.inputs["input"]
    uri = graph.one("fourplane:index:ServiceImage").outputs["image_uri"]
    assert uri.startswith("123456789012.dkr.ecr.us-east-1.amazonaws.com/")


def test_builds_for_the_machines_that_run_it(image):
    assert image().one(PROJECT).inputs["environment"]["type"] == "ARM_CONTAINER"
    x86 = image(files=SOURCES, architecture="x86_64").one(PROJECT).inputs["environment"]
    assert x86["type"] == "LINUX_CONTAINER" and "x86_64" in x86["image"]


def test_is_kept_unless_it_is_disposable(image):
    kept, gone = image().one(REPOSITORY), image(files=SOURCES, disposable=True).one(REPOSITORY)
    assert kept.protect and not kept.inputs["forceDelete"]
    assert gone.inputs["forceDelete"] and not gone.protect


def test_is_encrypted_with_the_stacks_key(image):
    graph = image(files=SOURCES, key_arn=KEY)
    assert graph.one(REPOSITORY).inputs["encryptionConfigurations"] == [
        {"encryptionType": "KMS", "kmsKey": KEY}
    ]
    assert all(one.inputs["kmsKeyId"] == KEY for one in graph.all("aws:cloudwatch/logGroup:LogGroup"))
    assert "kms:Decrypt" in graph.one(POLICY, "app").inputs["policy"]


def test_one_that_asks_for_a_build_can_do_nothing_else(image):
    policy = image().one(POLICY, "app-build").inputs["policy"]
    assert "ecr:DescribeImages" in policy and "codebuild:StartBuild" in policy
    assert '"*"' not in policy and "PutImage" not in policy


@pytest.mark.parametrize(
    "args, reason",
    [
        ({"files": {"main.py": ""}}, r"files must be with a 'Dockerfile', got \['main.py'\]"),
        ({"files": SOURCES, "folder": "."}, "folder must be given where there are no files"),
        ({}, "folder must be given where there are no files"),
        ({"files": SOURCES, "architecture": "mips"}, "architecture must be 'arm64' or 'x86_64'"),
    ],
)
def test_rejects_what_cannot_be_built(preview, args, reason):
    with pytest.raises(Mistake, match=reason):
        preview(lambda: ServiceImage("app", args))


def test_rejects_a_folder_that_is_not_there(image, tmp_path):
    with pytest.raises(Mistake, match="Dockerfile"):
        image(folder=str(tmp_path / "nowhere"))


def test_machines_that_pull_public_images_may_not_pull_it(preview):
    def program():
        cache, image = (
            ImageCache("images", {}),
            ServiceImage("app", {"files": {"Dockerfile": "FROM scratch"}}),
        )
        pulumi.export("public", cache.pull("docker/library/kong:3.9")["repository_arn"])
        pulumi.export("own", image.repository_arn)

    graph = preview(program)
    under = graph.outputs["public"].partition("repository/")[2].removesuffix("*")
    assert not graph.one(REPOSITORY).inputs["name"].startswith(under)
