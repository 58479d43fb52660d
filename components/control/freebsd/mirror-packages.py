"""Copies some packages of FreeBSD's repository, and all that they depend on, into a bucket.

The catalogue and the packages are FreeBSD's own files, unchanged: a machine checks the catalogue's signature,
and every package by the catalogue. The catalogue comes last, so that who finds it finds the packages too.
https://man.freebsd.org/cgi/man.cgi?query=pkg-repository&sektion=5
"""

import difflib
import fnmatch
import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3

CATALOGUES = {"packagesite.pkg": "packagesite.yaml", "data.pkg": "data"}
"""The catalogue's archives, which say the same, and what each has inside. Older versions of pkg read the
first, which new repositories may lack."""
LAST = "meta.conf"
"""What pkg asks for first."""
ALWAYS = "pkg"
"""pkg replaces itself before it installs anything else, where the catalogue has another version."""
BOOTSTRAP = ("Latest/pkg.pkg", "Latest/pkg.pkg.sig")
"""What a machine without pkg starts from, as those of EC2's images do: release/tools/ec2.conf of FreeBSD."""
AT_ONCE = 8
TRIES = 3
PAUSE_SECONDS = float(os.environ.get("PAUSE_SECONDS", "5"))

Package = Mapping[str, Any]


class Refused(Exception):
    """Why there is no mirror, in words for whoever asked for it."""


def main() -> None:
    site, bucket, prefix = os.environ["SITE"], os.environ["BUCKET"], os.environ["PREFIX"]
    s3 = boto3.client("s3")
    try:
        with TemporaryDirectory() as folder:
            mirror(site, os.environ["PACKAGES"].split(), Path(folder), s3, bucket, prefix)
    except Refused as why:
        key = f"failures/{os.environ['CODEBUILD_BUILD_ID']}"
        s3.put_object(Bucket=bucket, Key=key, Body=str(why).encode())
        sys.exit(f"mirror-packages: {why}")


def mirror(site: str, wanted: Sequence[str], folder: Path, s3: Any, bucket: str, prefix: str) -> None:
    """Bring the packages of a site into a bucket, under a prefix. Raises Refused where that cannot be."""
    archives = [name for name in CATALOGUES if fetch(site, name, folder / name, optional=True)]
    if not archives:
        raise Refused(f"{site} has no catalogue: neither {' nor '.join(CATALOGUES)}")
    catalogue = read(folder / archives[0])
    packages = closure(catalogue, [*wanted, ALWAYS], site)

    def bring(path: str, package: Package | None = None, optional: bool = False) -> None:
        file = folder / hashlib.sha256(path.encode()).hexdigest()
        if fetch(site, path, file, package, optional):
            for key in sorted({path, path.replace("+", " ")}):  # S3 takes a + in a URL for a space
                s3.upload_file(str(file), bucket, f"{prefix}/{key}")
            file.unlink()

    with ThreadPoolExecutor(AT_ONCE) as several:
        list(several.map(bring, [str(one["repopath"]) for one in packages], packages))
    for path in BOOTSTRAP:
        bring(path)
    for name in archives:
        s3.upload_file(str(folder / name), bucket, f"{prefix}/{name}")
    bring(LAST)
    size = sum(int(one["pkgsize"]) for one in packages)
    print(f"{len(packages)} packages, {size} bytes: {', '.join(sorted(versions(packages)))}")


def closure(catalogue: Mapping[str, Package], wanted: Iterable[str], site: str) -> list[Package]:
    """The packages that some names, patterns or origins mean, and all that they need. Raises Refused with
    every one that means none."""
    named = {one: list(meant(catalogue, one)) for one in wanted}
    if missing := [one for one, found in named.items() if not found]:
        told = ", ".join(f"{one}{alike(one, catalogue)}" for one in missing)
        raise Refused(f"not among the {len(catalogue)} packages of {site}: {told}")
    found: dict[str, Package] = {}
    waiting = [(name, "") for names in named.values() for name in names]
    while waiting:
        name, by = waiting.pop()
        if name not in catalogue:
            raise Refused(f"not among the packages of {site}: {name}, which {by} depends on")
        if name not in found:
            found[name] = catalogue[name]
            waiting += [(needed, name) for needed in catalogue[name].get("deps", {})]
    return [found[name] for name in sorted(found)]


def meant(catalogue: Mapping[str, Package], wanted: str) -> Iterator[str]:
    """The names of what pkg install would take for a name, a pattern or an origin."""
    for name, package in catalogue.items():
        if fnmatch.fnmatchcase(name, wanted) or package["origin"] == wanted:
            yield name


def alike(wanted: str, catalogue: Mapping[str, Package]) -> str:
    """What may be meant instead: the same port of another category, or what is written nearly so."""
    origins = sorted({str(package["origin"]) for package in catalogue.values()})
    moved = [one for one in origins if one.rpartition("/")[2] == wanted.rpartition("/")[2]]
    near = moved or difflib.get_close_matches(wanted, [*catalogue, *origins], n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def versions(packages: Iterable[Package]) -> Iterator[str]:
    return (f"{one['name']}-{one['version']}" for one in packages)


def read(archive: Path) -> dict[str, Package]:
    """A catalogue's packages by their names."""
    inside = CATALOGUES[archive.name]
    command = ["tar", "--extract", "--to-stdout", "--file", str(archive), inside]
    try:
        text = subprocess.run(command, check=True, capture_output=True).stdout
        if inside == "data":
            packages = json.loads(text)["packages"]
        else:  # YAML by its name, and JSON by its lines
            packages = [json.loads(line) for line in text.splitlines()]
        return {one["name"]: one for one in packages}
    except subprocess.CalledProcessError as error:
        raise Refused(f"{archive.name} cannot be unpacked: {error.stderr.decode().strip()}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"{archive.name} is no catalogue: {error!r}") from error


def fetch(site: str, path: str, file: Path, package: Package | None = None, optional: bool = False) -> bool:
    """Download a file, whole, and say whether it is there. Raises Refused after some tries."""
    url, told = f"{site}/{urllib.parse.quote(path)}", ""
    for tried in range(TRIES):
        time.sleep(PAUSE_SECONDS * tried)
        try:
            with urllib.request.urlopen(url, timeout=60) as answer, file.open("wb") as into:
                while block := answer.read(1 << 20):
                    into.write(block)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                break
            told = str(error)
        except OSError as error:
            told = str(error)
        else:
            if not (told := broken(file, package)):
                return True
    else:
        raise Refused(f"{url}: {told}")
    if optional:
        return False
    raise Refused(f"{url} is not there: the repository may have changed meanwhile; deploy again")


def broken(file: Path, package: Package | None) -> str:
    """How a file is not the one that the catalogue has; "" where it is. Of the sums that pkg knows, only
    SHA-256 is looked at: a machine looks at all."""
    if package is None:
        return ""
    if (size := file.stat().st_size) != package["pkgsize"]:
        return f"{size} bytes rather than {package['pkgsize']}"
    sum = str(package["sum"]).removeprefix("1$")
    with file.open("rb") as content:
        own = hashlib.file_digest(content, "sha256").hexdigest()
    return f"its SHA-256 is {own} rather than {sum}" if len(sum) == len(own) and own != sum else ""


if __name__ == "__main__":
    main()
