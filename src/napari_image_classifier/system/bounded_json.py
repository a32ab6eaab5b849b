"""JSON from files that may come from anywhere: bounded in size, depth and number of parts."""

import json
import re
from typing import Any, NoReturn

from napari_image_classifier.system.declared_sizes import SizeRefused, checked_number

DEEPEST = 64
MOST_PARTS = 1_000_000

# A string as a whole, so that brackets in it don't count, or one bracket. One without an end goes
# to the end of the text: looked for from each of its quotes, the end would take hours not to find.
_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[][{}]', re.DOTALL)
_OPENING = (b"[", b"{")


class JsonRefused(ValueError):  # noqa: N818 - a file was refused, nothing went wrong
    """What is no JSON, or JSON that nobody writes in good faith; the text says which."""


def read_bounded_json(
    content: bytes, *, largest: int, most_parts: int = MOST_PARTS, allow_nan: bool = False
) -> Any:
    """Return what JSON from anywhere says, more strictly than `json.loads`.

    A key may stand once in a table, brackets nest at most `DEEPEST` deep, and there are at most
    ``most_parts`` values.

    Parameters
    ----------
    content
        The JSON, in UTF-8.
    largest
        How many bytes it may have.
    most_parts
        How many values it may have.
    allow_nan
        Whether NaN and infinity are numbers.

    Returns
    -------
    Any
        Tables, lists, texts, numbers and None.

    Raises
    ------
    JsonRefused
        It is none of that.
    """
    if len(content) > largest:
        raise JsonRefused(f"it is too large ({len(content) / 1e6:.0f} MB)")
    try:
        checked_number(sum(map(content.count, (b",", b"[", b"{"))), "parts", most_parts)
        checked_number(_depth(content), "brackets in each other", DEEPEST)
        return json.loads(
            content.decode(),
            object_pairs_hook=_without_repeats,
            parse_constant=float if allow_nan else _no_number,
        )
    except JsonRefused:
        raise
    except SizeRefused as error:
        raise JsonRefused(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise JsonRefused(f"it is not JSON ({error})") from error


def _depth(content: bytes) -> int:
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(content):
        token = match.group()
        if token in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif len(token) == 1:
            depth -= 1
    return deepest


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise JsonRefused("a key stands twice in it")
    return table


def _no_number(name: str) -> NoReturn:
    raise JsonRefused(f"{name} stands in it where a number should")
