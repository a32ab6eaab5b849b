"""Records: data classes as they stand in JSON, checked when they are read."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from napari_image_classifier.errors import ImageClassifierError

Record = TypeVar("Record")


class RecordError(ImageClassifierError):
    """What was read is not the record that was expected; the text says where it differs."""


def as_json(record: object) -> Any:
    """Return a record as tables, lists, texts and numbers, as `from_json` takes it.

    Parameters
    ----------
    record
        A data class, or lists and tables of them. NaN stays NaN. Paths become texts.

    Returns
    -------
    Any
        What `json.dumps` writes.
    """
    return msgspec.to_builtins(record, enc_hook=_plain)


def from_json(kind: type[Record], stored: object) -> Record:
    """Return the record that ``stored`` says; keys that ``kind`` does not know are passed over.

    Parameters
    ----------
    kind
        The data class, with a type for each of its fields.
    stored
        What was read from JSON.

    Returns
    -------
    Record
        The data class, its fields of the types that it names.

    Raises
    ------
    RecordError
        A field is missing or of another type.
    """
    try:
        return msgspec.convert(stored, kind, dec_hook=_typed)
    except msgspec.ValidationError as error:
        raise RecordError(str(error)) from error
    except RecursionError as error:
        raise RecordError("it is nested too deep") from error


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"{type(value)} is no part of a record")


def _typed(kind: type, stored: object) -> object:
    if kind is not Path:
        raise NotImplementedError(f"{kind} is no part of a record")
    if not isinstance(stored, str):
        # What is wrong in here is said with its place in the record.
        raise TypeError("Expected `str`")
    return Path(stored)
