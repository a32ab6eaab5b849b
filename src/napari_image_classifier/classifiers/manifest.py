"""The manifest beside a result: its images, settings, versions and machine.

Every manifest has the same frame: what it is of, the runs that made the result, and one line per
image with the hash of its pixels. It is JSON; `docs/manifest.md` lists every key.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec

from napari_image_classifier.classifiers.manifest_records import FileEntry, Head, ResultFile
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.system.atomic_files import replace_file
from napari_image_classifier.system.records import (
    Name,
    Record,
    RecordError,
    as_json,
    check_format,
    from_json,
    parsed_json,
    read_json,
)

SCHEMA = 1
SUFFIX = ".manifest.json"
_FILES_BEGIN = ' "files": ['


class ManifestError(ImageClassifierError):
    """A manifest that can't be read, or whose place is taken by another one."""


def manifest_path(result: Path) -> Path:
    """Return where the manifest of a result lies.

    Parameters
    ----------
    result
        A classifier, a table or a report.

    Returns
    -------
    Path
        Beside it.
    """
    return result.with_name(result.stem + SUFFIX)


@dataclass(frozen=True)
class Manifest:
    """A manifest that was opened.

    Attributes
    ----------
    path
        The manifest.
    kind
        "classifier", "import", "table" or "evaluation".
    """

    path: Path
    kind: str
    _stored: Mapping[str, Any]

    def read(self, kind: type[Record]) -> Record:
        """Return all that it says.

        Raises
        ------
        ManifestError
            A part is missing or of another form.
        """
        try:
            return from_json(kind, self._stored)
        except RecordError as error:
            raise ManifestError(f"{self.path} is damaged: {error}.") from error


def write_manifest(
    result: Path, kind: str, head: Head, files: Iterable[FileEntry[Any]] = ()
) -> Path:
    """Write the manifest of a result beside it.

    Parameters
    ----------
    result
        The file that it is of.
    kind
        "classifier", "import", "table" or "evaluation".
    head
        What it says before its files.
    files
        See `file_entry`; written one a line as they come, so that there may be millions.

    Returns
    -------
    Path
        The manifest.
    """
    path = manifest_path(result)
    frame = {"schema": SCHEMA, "kind": kind, **as_json(head)}
    with replace_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps(frame, indent=1).removesuffix("\n}"))
        file.write(f",\n{_FILES_BEGIN}")
        separator = "\n  "
        for entry in files:
            file.write(separator + json.dumps(as_json(entry)))
            separator = ",\n  "
        file.write("\n ]\n}\n")
    return path


def read_manifest(path: Path) -> Manifest:
    """Open a manifest of any kind.

    Parameters
    ----------
    path
        The manifest.

    Returns
    -------
    Manifest
        Of which the kind is known.

    Raises
    ------
    ManifestError
        There is no such file, it is no manifest, or a newer version wrote it.
    """
    try:
        stored = read_json(path)
    except OSError as error:
        raise ManifestError(f"{path} can't be read: {error.strerror}.") from error
    except RecordError as error:
        raise ManifestError(f"{path} is no manifest, or it is damaged: {error}.") from error
    if not isinstance(stored, dict) or not {"schema", "kind", "result", "files"} <= stored.keys():
        raise ManifestError(
            f"{path} is no manifest; one is written beside every classifier and table and is "
            f"named like {manifest_path(Path('cells.keras'))}."
        )
    try:
        check_format(stored, SCHEMA)
        kind = from_json(Name, stored["kind"])
    except RecordError as error:
        raise ManifestError(f"{path} can't be read: {error}.") from error
    return Manifest(path, kind, stored)


class _OfResult(msgspec.Struct):
    result: ResultFile


def check_place(result: Path) -> None:
    """Refuse a result whose manifest would take the place of another one's.

    Parameters
    ----------
    result
        The file that is to be written.

    Raises
    ------
    ManifestError
        There is a file of the manifest's name, and it speaks of another result.
    """
    path = manifest_path(result)
    if not path.exists():
        return
    belongs_to = _result_named_in(path)
    if belongs_to != result.name:
        taken_by = f"is the manifest of {belongs_to}" if belongs_to else "is no manifest"
        raise ManifestError(
            f"{path} is where the manifest of {result.name} would be written, and it {taken_by}; "
            "choose another name or another folder, or move it away."
        )


def _result_named_in(path: Path) -> str | None:
    """Return the name of the result that a manifest is of, without reading its million lines."""
    with path.open(encoding="utf-8", errors="replace") as file:
        head = "".join(takewhile(lambda line: not line.startswith(_FILES_BEGIN), file))
    try:
        return str(parsed_json(head.rstrip().removesuffix(",") + "}")["result"]["file"])
    except (RecordError, LookupError, TypeError):
        pass
    try:
        # Somebody's editor may have laid its lines otherwise.
        return read_manifest(path).read(_OfResult).result.file
    except ManifestError:
        return None
