"""Records: data classes as they stand in JSON, checked when they are read."""

import base64
import json
import stat
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Annotated, Any, NoReturn, TypeVar, get_args, get_origin

import msgspec
import numpy as np
import numpy.typing as npt

from napari_image_classifier.errors import ImageClassifierError

Record = TypeVar("Record")
# Of arrays that are stored as lists.
MOST_AXES = 8
_LARGEST_NUMBER = 2**63

# What a number in a file may be, NaN being none of these.
Part = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
# More cores than any machine has; a number that was mistyped would start as many threads.
MOST_THREADS = 4096
Threads = Annotated[int, msgspec.Meta(ge=1, le=MOST_THREADS)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=10_000)]
# A manifest of a million images has half of it.
LARGEST = 2 * 10**9
UPDATE = "update with pip install --upgrade napari-image-classifier"


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


def parsed_json(text: str | bytes, *, allow_nan: bool = True) -> Any:
    """Return what JSON of any size says; `bounded_json` is for files from anywhere.

    Parameters
    ----------
    text
        The JSON.
    allow_nan
        Whether NaN and infinity are numbers.

    Returns
    -------
    Any
        Tables, lists, texts, numbers and None.

    Raises
    ------
    RecordError
        It is no JSON, or a key stands twice in a table.
    """
    decoder = _DECODER if allow_nan else _DECODER_OF_NUMBERS
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        return decoder.decode(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise RecordError("it is not JSON") from error


def read_json(path: Path, *, allow_nan: bool = True) -> Any:
    """Return what a file of JSON says.

    Parameters
    ----------
    path
        An ordinary file of at most `LARGEST` bytes.
    allow_nan
        Whether NaN and infinity are numbers.

    Returns
    -------
    Any
        As of `parsed_json`.

    Raises
    ------
    OSError
        It is not there or can't be opened.
    RecordError
        It is no ordinary file, too large, or no JSON.
    """
    try:
        status = path.stat()
    except ValueError as error:
        raise FileNotFoundError(2, "no file can be called so") from error
    if not stat.S_ISREG(status.st_mode):
        # A pipe would be waited for.
        raise RecordError("it is no ordinary file")
    if status.st_size > LARGEST:
        raise RecordError(f"it is far too large ({status.st_size / 1e9:.0f} GB)")
    return parsed_json(path.read_bytes(), allow_nan=allow_nan)


def check_format(stored: object, newest: int, key: str = "schema") -> None:
    """Refuse what was stored in a format that this version does not read.

    Parameters
    ----------
    stored
        What was read from JSON.
    newest
        The number of the newest format that is read; there are all from 1 on.
    key
        Under which the number stands.

    Raises
    ------
    RecordError
        A newer version wrote it, or it has no number.
    """
    number = format_of(stored, key)
    if number is not None and number > newest:
        shown = f"format {number}" if number < 10**6 else "its format is a very large number"
        raise RecordError(
            f"it was written by a newer version of napari-image-classifier ({shown}, this one "
            f"reads {newest}); {UPDATE}"
        )
    if number is None or number < 1:
        raise RecordError(f"it does not say its format (“{key}”)")


def check_file_name(name: str) -> None:
    """Refuse what is no plain name of a file, such as one that leads to another folder.

    Parameters
    ----------
    name
        What stands in a file where the name of another one should.

    Raises
    ------
    ValueError
        It is empty, or has folders in it.
    """
    if not name or "\0" in name or PurePath(name).name != name or name == "..":
        raise ValueError(f"“{name[:60]}” is no name of a file")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise RecordError("a key stands twice in it")
    return table


def _no_number(name: str) -> NoReturn:
    raise RecordError(f"{name} stands in it where a number should")


_DECODER = json.JSONDecoder(object_pairs_hook=_each_key_once)
_DECODER_OF_NUMBERS = json.JSONDecoder(object_pairs_hook=_each_key_once, parse_constant=_no_number)


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
