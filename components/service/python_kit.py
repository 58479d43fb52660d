"""What our Python services stand on: a web service, a database, AWS, metrics."""

from pathlib import Path

from components.service.image.context import NOT_SOURCE

KIT = Path(__file__).parent / "python"


def with_kit(folder: Path) -> dict[str, str]:
    """A program's files with the kit's, by their paths in the context of its image (ServiceImage): its folder
    must be on PYTHONPATH there."""
    own = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    files = {at.as_posix(): path for at, path in own.items() if NOT_SOURCE.isdisjoint(at.parts)}
    files |= {f"components/service/python/{path.name}": path for path in KIT.glob("*.py")}
    return {at: files[at].read_text(encoding="utf-8") for at in sorted(files)}
