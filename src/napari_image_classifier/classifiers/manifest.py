"""The manifest beside a result: what it was made of, with what, and on which machine.

Every manifest has the same frame: what it is of, the runs that made the result, and one line per
image with the hash of its pixels. It is JSON; `docs/manifest.md` lists every key.
"""

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.file_stamps import Stamp
from napari_image_classifier.images.pixel_hash import ALGORITHM
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.system.atomic_files import replace_file
from napari_image_classifier.system.machine import processor, versions_of

SCHEMA = 1
SUFFIX = ".manifest.json"
# What every result depends on; a training adds Keras and its backend.
PACKAGES = (
    "napari-image-classifier",
    "numpy",
    "tifffile",
    "imagecodecs",
    "pillow",
    "onnxruntime",
)
# Settings of libraries that change how they round.
SETTINGS = (
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_DETERMINISTIC_OPS",
    "ONEDNN_MAX_CPU_ISA",
    "XLA_FLAGS",
    "NVIDIA_TF32_OVERRIDE",
)

_MACHINE = ("processor", "threads", "device", "backend", "platform")
_FILES_BEGIN = ' "files": ['


class ManifestError(ImageClassifierError):
    """A manifest that can't be read, or whose place is taken by another one."""


def manifest_path(result: Path) -> Path:
    """Return where the manifest of a classifier, a table or a report lies: beside it."""
    return result.with_name(result.stem + SUFFIX)


def this_run(
    *,
    threads: int | None,
    backend: str = "onnxruntime",
    device: str | None = None,
    packages: Iterable[str] = (),
) -> dict[str, Any]:
    """Return what is to be said of the run that makes a result: command, versions and machine.

    ``threads`` are those that calculate, None where nobody knows; ``backend`` is what calculates,
    on ``device`` (the processor unless told); ``packages`` are named with their versions, besides
    the usual ones.
    """
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "platform": platform.platform(),
        "processor": processor(),
        "processors": os.cpu_count(),
        "threads": threads,
        "backend": backend,
        "device": device or "processor",
        "environment": {name: os.environ[name] for name in SETTINGS if name in os.environ},
        "versions": {"python": platform.python_version(), **versions_of((*PACKAGES, *packages))},
    }


def machine_differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return, in words, what the machines and versions of two runs (`this_run`) differ in."""
    pairs = [(name, then[name], now[name]) for name in _MACHINE]
    for part in ("environment", "versions"):
        before, after = then[part], now[part]
        names = sorted(before.keys() | after.keys())
        pairs += [(name, before.get(name), after.get(name)) for name in names]
    return [
        f"{name}: {before or 'none'} then, {after or 'none'} now"
        for name, before, after in pairs
        if before != after
    ]


def images_part(folder: Path, axes: str | None, preparation: Preparation) -> dict[str, Any]:
    """Return where the images lie, and of which of their planes the pixels are hashed."""
    return {
        "folder": str(folder),
        "axes": axes,
        "hash": ALGORITHM,
        "channels": list(preparation.channel_names),
        "projection": preparation.projection,
        "each": preparation.each,
        "objects": preparation.objects.to_json() if preparation.objects else None,
    }


def file_entry(
    name: str,
    of: Stamp,
    items: Sequence[Mapping[str, Any]],
    parts: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Return the line of one image: its name, size and time of its files, its items.

    ``parts`` may say of each file in turn what is known of it besides, such as its name.
    """
    files = [
        {**(parts[number] if parts else {}), **_size_and_time(*of_file)}
        for number, of_file in enumerate(of)
    ]
    return {"file": name, "parts": files, "items": list(items)}


def _size_and_time(size: int, nanoseconds: int) -> dict[str, Any]:
    if size < 0:
        # It could not be looked at, see `journal.stamp`.
        return {"size": None, "modified": None}
    modified = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=nanoseconds // 1000)
    return {"size": size, "modified": modified.isoformat()}


def write_manifest(
    result: Path, kind: str, head: Mapping[str, Any], files: Iterable[Mapping[str, Any]]
) -> Path:
    """Write the manifest of ``result`` beside it and return its path.

    ``kind`` is "classifier", "import", "table" or "evaluation". ``files`` (see `file_entry`) are
    written one a line as they come, so that there may be millions.
    """
    path = manifest_path(result)
    frame = {"schema": SCHEMA, "kind": kind, **head}
    with replace_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps(frame, indent=1).removesuffix("\n}"))
        file.write(f",\n{_FILES_BEGIN}")
        separator = "\n  "
        for entry in files:
            file.write(separator + json.dumps(entry))
            separator = ",\n  "
        file.write("\n ]\n}\n")
    return path


def read_manifest(path: Path) -> dict[str, Any]:
    """Return all that a manifest says.

    Raises
    ------
    ManifestError
        There is no such file, it is no manifest, or a newer version wrote it.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"{path} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise ManifestError(f"{path} is no manifest, or it is damaged.") from error
    if not isinstance(stored, dict) or not {"schema", "kind", "result", "files"} <= stored.keys():
        raise ManifestError(
            f"{path} is no manifest; one is written beside every classifier and table and is "
            f"named like {manifest_path(Path('cells.keras'))}."
        )
    if stored["schema"] != SCHEMA:
        raise ManifestError(
            f"{path} was written by another version of napari-image-classifier (format "
            f"{stored['schema']}, this one reads {SCHEMA}); update with pip install --upgrade "
            "napari-image-classifier."
        )
    return stored


def check_place(result: Path) -> None:
    """Refuse a result whose manifest would take the place of another one's.

    Raises
    ------
    ManifestError
        There is a file of that name, and it speaks of another result.
    """
    path = manifest_path(result)
    if not path.exists():
        return
    belongs_to = _result_named_in(path)
    if belongs_to != result.name:
        said = f"is the manifest of {belongs_to}" if belongs_to else "is no manifest"
        raise ManifestError(
            f"{path} is where the manifest of {result.name} would be written, and it {said}; "
            "choose another name or another folder, or move it away."
        )


def _result_named_in(path: Path) -> str | None:
    """Return the name of the result that a manifest is of, without reading its million lines."""
    lines = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(_FILES_BEGIN):
                break
            lines.append(line)
    try:
        head = json.loads("".join(lines).rstrip().removesuffix(",") + "}")
        return str(head["result"]["file"])
    except (ValueError, LookupError, TypeError):
        return None
