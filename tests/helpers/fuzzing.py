"""Fuzzing: random inputs, a few in every run of the tests, or new ones for a given time.

``FUZZ_SECONDS=1800 pytest tests/fuzz/test_images.py`` looks for half an hour in each test.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
MEGABYTES = 300.0
# What one input may take. Measured are milliseconds; a busy machine is no fault.
SECONDS_OF_ONE = 5.0
AT_A_TIME = 500
LONG = pytest.mark.timeout(SECONDS + 600)


def try_at_random(check: Callable, inputs: st.SearchStrategy, examples: int) -> None:
    """Hand ``check`` that many inputs, the same ones each time; or new ones until time is up."""
    chosen = settings(
        max_examples=AT_A_TIME if SECONDS else examples, deadline=None, derandomize=not SECONDS,
        database=None, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    began, count = time.monotonic(), 0

    def counted(one):
        nonlocal count
        count += 1
        with bounded():
            check(one)

    while True:
        chosen(given(inputs)(counted))()
        if time.monotonic() - began >= SECONDS:
            break
    print(f"{count:,} inputs in {time.monotonic() - began:.0f} s")  # noqa: T201 - with pytest -s


@contextmanager
def bounded(seconds: float = SECONDS_OF_ONE) -> Iterator[None]:
    """Assert that the block takes neither long nor much memory."""
    _forget_peak()
    before, began = _peak(), time.process_time()
    yield
    assert time.process_time() - began < seconds
    assert _peak() - before < MEGABYTES


class Damage(NamedTuple):
    """Bytes changed from places on, then a part lost or doubled, then the end cut."""

    edits: list[tuple[int, bytes]]
    moved: tuple[int, int] | None
    cut: int | None

    def of(self, good: bytes) -> bytes:
        """Return what is left of a file."""
        content = bytearray(good)
        for at, change in self.edits:
            content[at : at + len(change)] = change
        if self.moved is not None:
            begin, end = self.moved
            # The other way round, what lies between stands twice.
            content = content[:begin] + content[end:]
        return bytes(content[: self.cut])


def damages(size: int, front: int = 700) -> st.SearchStrategy[Damage]:
    """Damage to a file of that many bytes, most of it in its first ``front``."""
    place = st.integers(0, min(size, front) - 1) | st.integers(0, size - 1)
    edits = st.lists(st.tuples(place, _changes()), max_size=4)
    moved = st.none() | st.tuples(place, place)
    return st.builds(Damage, edits, moved, st.none() | st.integers(1, size))


@dataclass(frozen=True)
class JsonEdits:
    """Values put into JSON, or taken out; each place is found by numbers, one a level."""

    edits: list[tuple[list[int], Any]]

    def of(self, good: Any) -> Any:
        """Return what is left of what a JSON file says."""
        stored = deepcopy(good)
        for place, value in self.edits:
            into, at = None, None
            inner = stored
            for number in place:
                if not isinstance(inner, dict | list) or not inner:
                    break
                at = number % len(inner)
                into, at = inner, list(inner)[at] if isinstance(inner, dict) else at
                inner = into[at]
            if into is None:
                stored = None if value is ABSENT else value
            elif value is ABSENT:
                del into[at]
            else:
                into[at] = value
        return stored


def json_edits() -> st.SearchStrategy[JsonEdits]:
    """A few of them."""
    places = st.lists(st.integers(0, 50), max_size=8)
    return st.builds(JsonEdits, st.lists(st.tuples(places, _VALUES), max_size=3))


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()
_ODD = [None, True, -1, 0, 1, 2**63, 1e308, float("nan"), "", "x", "²", "\ud800"]
_VALUES = (
    st.just(ABSENT)
    | st.sampled_from(_ODD)
    | st.recursive(
        st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    )
)


def _changes() -> st.SearchStrategy[bytes]:
    usual = st.sampled_from([0, 1, 0x7F, 0x80, 0xFF])
    same = st.builds(
        lambda byte, count: bytes([byte]) * count, usual, st.sampled_from([1, 2, 4, 8])
    )
    return same | st.binary(min_size=1, max_size=4)


def _peak() -> float:
    """Megabytes that this process had at most; 0 where only Linux would know."""
    if sys.platform != "linux":
        return 0.0
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _forget_peak() -> None:
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")
