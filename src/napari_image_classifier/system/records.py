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
        A data class, or lists and tables of them; its paths become texts. NaN stays NaN.

    Returns
    -------
    Any
        What `json.dumps` writes.
    """
    return msgspec.to_builtins(record, enc_hook=_as_text)


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
        return msgspec.convert(stored, kind, dec_hook=_from_text)
    except msgspec.ValidationError as error:
        raise RecordError(str(error)) from error
    except RecursionError as error:
        raise RecordError("it is nested too deep") from error


def _as_text(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError


def _from_text(kind: type, stored: Any) -> Path:
    if kind is Path:
        return Path(stored)
    raise NotImplementedError
