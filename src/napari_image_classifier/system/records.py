"""Records: data classes as they stand in JSON, checked when they are read."""

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import msgspec
import numpy as np
import numpy.typing as npt

from napari_image_classifier.errors import ImageClassifierError

Record = TypeVar("Record")
# Of arrays that are stored as lists.
MOST_AXES = 8
_LARGEST_NUMBER = 2**63


class RecordError(ImageClassifierError):
    """What was read is not the record that was expected; the text says where it differs."""


def as_json(record: object, path_as_text: Callable[[Path], str] = str) -> Any:
    """Return a record as tables, lists, texts and numbers, as `from_json` takes it.

    Parameters
    ----------
    record
        A data class, or lists and tables of them. NaN stays NaN. Paths become texts, arrays of
        float64 lists of numbers, and those of float32, which are long, base64 of their bytes.
    path_as_text
        What a path becomes.

    Returns
    -------
    Any
        What `json.dumps` writes.
    """

    def plain(value: object) -> object:
        return path_as_text(value) if isinstance(value, Path) else _plain(value)

    return msgspec.to_builtins(record, enc_hook=plain)


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
        The data class, its fields of the types that it names. An array of float32 has one axis.

    Raises
    ------
    RecordError
        A field is missing or of another type, or the data class refuses it.
    """
    try:
        return msgspec.convert(stored, kind, dec_hook=_typed)
    except (msgspec.ValidationError, ImageClassifierError, UnicodeError) as error:
        raise RecordError(str(error)) from error
    except RecursionError as error:
        raise RecordError("it is nested too deep") from error


def parsed_json(text: str | bytes) -> Any:
    """Return what JSON of any size says; `bounded_json` is for files from anywhere.

    Parameters
    ----------
    text
        The JSON.

    Returns
    -------
    Any
        Tables, lists, texts, numbers and None.

    Raises
    ------
    RecordError
        It is no JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError("it is not JSON") from error


def format_of(stored: object, key: str = "schema") -> int | None:
    """Return the number of the format of what was stored.

    Parameters
    ----------
    stored
        What was read from JSON.
    key
        Under which the number stands.

    Returns
    -------
    int or None
        None if it has none.
    """
    number = stored.get(key) if isinstance(stored, Mapping) else None
    return number if type(number) is int else None


def _plain(value: object) -> object:
    match value:
        case np.ndarray(dtype=np.float32):
            return base64.b64encode(value.astype("<f4").tobytes()).decode()
        case np.ndarray() | np.generic():
            return value.tolist()
    raise NotImplementedError(f"{type(value)} is no part of a record")


def _typed(kind: type, stored: object) -> object:
    # What is wrong in here is said with its place in the record.
    if kind is Path:
        if not isinstance(stored, str):
            raise TypeError("Expected `str`")
        return Path(stored)
    if get_origin(kind) is np.ndarray:
        of_elements = get_args(kind)[1]
        return _array(of_elements, stored)
    raise NotImplementedError(f"{kind} is no part of a record")


def _array(of_elements: object, stored: Any) -> npt.NDArray[Any]:
    if of_elements == np.dtype[np.float32]:
        packed = base64.b64decode(stored, validate=True)
        return np.frombuffer(packed, "<f4").astype(np.float32)
    # Of one long text among many short ones NumPy would make an array of long ones.
    if not _is_numbers(stored):
        raise TypeError("Expected numbers")
    return np.array(stored, np.float64)


def _is_numbers(stored: object, deepest: int = MOST_AXES) -> bool:
    if isinstance(stored, list):
        return deepest > 0 and all(_is_numbers(part, deepest - 1) for part in stored)
    return type(stored) is float or (type(stored) is int and abs(stored) < _LARGEST_NUMBER)
