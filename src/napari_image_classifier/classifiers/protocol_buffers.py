"""The fields of an ONNX graph, counted as its bytes tell before any object is made of them.

A message of no fields takes two bytes in a file, and an object of a hundred in memory.
"""

from collections.abc import Mapping

from napari_image_classifier.system.declared_sizes import SizeRefused, checked_number

MOST_FIELDS = 500_000
# Of a text or a list of numbers; the numbers of a network are the field `raw_data` alone.
LONGEST_FIELD = 100_000

_VARINT, _EIGHT_BYTES, _MESSAGE, _FOUR_BYTES = 0, 1, 2, 5
_FIXED = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}
_RAW_DATA = ("tensor", 9)
# Of each message that a graph of ours has, the fields that are messages themselves
# (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), and those that are none.
_ENTRY: Mapping[int, str] = {}
_MESSAGES: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 8: "entry", 14: "entry"},
    "graph": {1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value", 16: "entry"},
    "node": {5: "attribute", 9: "entry"},
    "attribute": _ENTRY,
    "tensor": {13: "entry", 16: "entry"},
    "value": {2: "type", 4: "entry"},
    "type": {1: "tensor type"},
    "tensor type": {2: "shape"},
    "shape": {1: "entry"},
    "entry": _ENTRY,
}
_PLAIN: Mapping[str, frozenset[int]] = {
    "model": frozenset({1, 2, 3, 4, 5, 6}),
    "graph": frozenset({2, 10}),
    "node": frozenset({1, 2, 3, 4, 6, 7, 8}),
    "attribute": frozenset({1, 2, 3, 4, 7, 8, 9, 13, 20, 21}),
    "tensor": frozenset({1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14}),
    "value": frozenset({1, 3}),
    "type": frozenset({6}),
    "tensor type": frozenset({1}),
    "shape": frozenset(),
    "entry": frozenset({1, 2, 3}),
}


def check_fields(content: bytes) -> None:
    """Refuse a graph of more fields than any network has, or of fields that none has.

    Parameters
    ----------
    content
        An ONNX model.

    Raises
    ------
    SizeRefused
        It is not as a model is stored, or has fields that no classifier has.
    """
    n_fields = 0
    waiting = [("model", 0, len(content))]
    while waiting:
        message, place, end = waiting.pop()
        within, plain = _MESSAGES[message], _PLAIN[message]
        while place < end:
            n_fields += 1
            if n_fields > MOST_FIELDS:
                checked_number(n_fields, "or more fields", MOST_FIELDS)
            key, place = _number(content, place, end)
            number, kind = key >> 3, key & 7
            if number not in within and number not in plain:
                raise SizeRefused(f"it has a field {number} in a {message}")
            if kind == _VARINT:
                _, place = _number(content, place, end)
                continue
            length = _FIXED.get(kind, 0)
            if kind == _MESSAGE:
                length, place = _number(content, place, end)
            elif not length:
                raise _damaged()
            if place + length > end:
                raise _damaged()
            if kind == _MESSAGE and number in within:
                waiting.append((within[number], place, place + length))
            elif (message, number) != _RAW_DATA:
                checked_number(length, "bytes in a field", LONGEST_FIELD)
            place += length


def _number(content: bytes, place: int, end: int) -> tuple[int, int]:
    """Return a whole number of any length up to ten bytes, and the place behind it."""
    number = 0
    for shift in range(0, 70, 7):
        if place >= end:
            break
        byte = content[place]
        place += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, place
    raise _damaged()


def _damaged() -> SizeRefused:
    return SizeRefused("it is damaged")
