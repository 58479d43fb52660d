"""Programs for tests, compiled once for each content of their sources: whoever comes second waits."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

BUILT = Path(tempfile.gettempdir()) / f"fourplane-built-{os.getuid()}"
JVM = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
"""Java for a program that runs for seconds: what is compiled best would not be done before it ends."""
SCALA = Path("/usr/share/scala/lib/scala-library.jar")


def built(
    name: str,
    sources: Sequence[Path],
    build: Callable[[Path], Sequence[str]],
    environment: Mapping[str, str] | None = None,
) -> Path:
    """The folder of a program. `build(out)`: the command that makes it, run where its first source is."""
    told = [" ".join(build(Path())).encode(), *(f.name.encode() + f.read_bytes() for f in sources)]
    digest = hashlib.sha256(b"".join(told)).hexdigest()[:16]
    out = BUILT / f"{name}-{digest}"
    out.mkdir(parents=True, exist_ok=True)
    with (out / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (out / "done").exists():
            done = subprocess.run(
                build(out), capture_output=True, text=True, cwd=sources[0].parent, env=environment
            )
            assert done.returncode == 0, done.stderr
            (out / "done").touch()
    return out


def java(name: str, sources: Sequence[Path], *options: str) -> list[str]:
    """How a program in Java is run, whose class has its name."""
    if shutil.which("javac") is None:
        pytest.skip("javac is not installed; apt-get install default-jdk-headless")
    files = [str(source) for source in sources]
    classes = built(name, sources, lambda out: ["javac", *options, "-d", str(out), *files])
    return [*JVM, "-cp", str(classes), name]


def scala(source: Path) -> list[str]:
    """How a program in Scala is run, whose object has its file's name."""
    scalac = shutil.which("scalac")
    if scalac is None or not SCALA.exists():
        pytest.skip("scalac is not installed; apt-get install scala default-jdk-headless")
    quick = {**os.environ, "JAVA_OPTS": " ".join(JVM[1:])}
    classes = built(
        source.stem, [source], lambda out: [scalac, "-nobootcp", "-d", str(out), str(source)], quick
    )
    return [*JVM, "-cp", f"{classes}:{SCALA}", source.stem]


def go_environment() -> dict[str, str]:
    settings = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "", "CGO_CXXFLAGS": "-O1"}
    return {**os.environ, **settings, "GOCACHE": str(BUILT / "go")}
