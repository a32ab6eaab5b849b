"""Sizes that a file states, held against a limit before anything is made of them.

A file of some kilobytes can state any number. Whoever reads a count, a length or a range from a
file asks here first; what is refused is told in a sentence that begins with "it".
"""

import math
import re
from collections.abc import Iterable, Sized
from fractions import Fraction
from itertools import islice
from numbers import Integral, Real

# No honest number is longer, and Python takes minutes for one of a million digits.
LONGEST_NUMBER = 30
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_LONGEST_SHOWN = 40
# Ten steps of 0.1 are ten, whatever floating point says.
_ROUNDING = 1e-9


class SizeRefused(ValueError):  # noqa: N818 - a file was refused, nothing went wrong
    """A size that no honest file states; the text, which begins with "it", says which."""


def checked_number(stated: object, what: str, most: int, *, least: int = 0) -> int:
    """Return a whole number that a file states.

    Parameters
    ----------
    stated
        An integer, or a fraction or a text that says one. True and false are none.
    what
        What it counts, in the plural, such as "planes".
    most
        The largest that can be used.
    least
        The smallest that makes sense.

    Returns
    -------
    int
        From ``least`` to ``most``.

    Raises
    ------
    SizeRefused
        It is no such number.
    """
    number = _number(stated)
    if number is None or (type(number) is float and number != math.floor(number)):
        raise SizeRefused(f"it states {_shown(stated)} as the number of {what}")
    if number < least:
        raise SizeRefused(f"it states {_shown(stated)} {what}, and {least:,} is the least")
    if number > most:
        raise _too_many(stated, what, most)
    return int(number)


def checked_product(lengths: Iterable[object], what: str, most: int, *, least: int = 0) -> int:
    """Return the product of lengths that a file states, such as those of the axes of an array.

    Parameters
    ----------
    lengths
        Each as `checked_number` takes it.
    what
        What the product counts, in the plural.
    most
        The largest that can be used, of each length and of the product.
    least
        The smallest that makes sense for each length.

    Returns
    -------
    int
        At most ``most``; 1 where there are no lengths.

    Raises
    ------
    SizeRefused
        A length is no such number, or the product is too large.
    """
    product = 1
    for length in lengths:
        product *= checked_number(length, what, most, least=least)
        if product > most:
            raise _too_many(product, what, most, "or more ")
    return product


def checked_range(first: object, last: object, what: str, most: int, *, step: object = 1) -> int:
    """Return how many numbers a range has that a file states, both ends included.

    Parameters
    ----------
    first
        One end, a number or a text that says one.
    last
        The other end, above or below.
    what
        What is numbered, in the plural.
    most
        So many there may be.
    step
        From one number to the next, not 0.

    Returns
    -------
    int
        From 1 to ``most``.

    Raises
    ------
    SizeRefused
        An end is no number, the step is none or 0, or there are too many.
    """
    ends = [_number(one) for one in (first, last, step)]
    if ends[0] is None or ends[1] is None or not ends[2]:
        told = ", ".join(map(_shown, (first, last, step)))
        raise SizeRefused(f"it states a range of {what} that is none ({told})")
    # Fractions of whole numbers are never beyond all numbers, as floating point is.
    start, end, apart = (Fraction(one or 0) for one in ends)
    steps = abs(end - start) / abs(apart)
    if steps >= most:
        told = f"{_shown(first)} to {_shown(last)}"
        raise SizeRefused(f"it states {what} from {told}, and at most {most:,} can be used")
    return int(float(steps) + _ROUNDING) + 1


def checked_length(parts: Iterable[object], what: str, most: int, *, least: int = 0) -> int:
    """Return how many parts there are, which are counted no further than need be.

    Parameters
    ----------
    parts
        What is counted: a list, a table, a text, or anything that yields one after the other.
    what
        What it is, in the plural.
    most
        So many there may be.
    least
        So many there must be.

    Returns
    -------
    int
        From ``least`` to ``most``.

    Raises
    ------
    SizeRefused
        There are fewer or more.
    """
    if isinstance(parts, Sized):
        return checked_number(len(parts), what, most, least=least)
    length = sum(1 for _ in islice(parts, most + 1))
    if length > most:
        raise SizeRefused(f"it has more than {most:,} {what}")
    return checked_number(length, what, most, least=least)


def checked_memory(lengths: Iterable[object], what: str, most: int, *, each: int = 1) -> int:
    """Return how many bytes an array takes whose lengths a file states.

    Parameters
    ----------
    lengths
        Of its axes, each as `checked_number` takes it.
    what
        What the array holds, in the plural.
    most
        So many bytes it may take.
    each
        So many bytes one element takes.

    Returns
    -------
    int
        At most ``most``.

    Raises
    ------
    SizeRefused
        A length is no number, or the array would be larger.
    """
    lengths = list(lengths)
    try:
        return each * checked_product(lengths, what, most // each)
    except SizeRefused as error:
        if any((_number(length) or -1) < 0 for length in lengths):
            raise
        shape = " × ".join(map(_shown, lengths[:8]))
        raise SizeRefused(
            f"it states {what} of {shape}, which would take more than {most / 1e9:.2g} GB"
        ) from error


def _number(stated: object) -> int | float | None:
    """Return the number that is stated, None where it is none, or not a finite one."""
    if type(stated) is int:
        # Nearly all are; `Real` takes ten times as long.
        return stated
    if isinstance(stated, bytes):
        stated = stated[: LONGEST_NUMBER + 1].decode("latin-1")
    if isinstance(stated, str):
        text = stated.strip() if len(stated) <= LONGEST_NUMBER else ""
        if not _NUMBER.fullmatch(text):
            return None
        stated = float(text) if set(text) & set(".eE") else int(text)
    if isinstance(stated, bool) or not isinstance(stated, Real):
        return None
    if isinstance(stated, Integral):
        return int(stated)
    number = float(stated)
    return number if math.isfinite(number) else None


def _too_many(stated: object, what: str, most: int, more: str = "") -> SizeRefused:
    return SizeRefused(f"it states {_shown(stated)} {more}{what}, and at most {most:,} can be used")


def _shown(stated: object) -> str:
    """Return what was stated in few letters; Python refuses to write very long numbers."""
    if isinstance(stated, bytes):
        stated = stated[: _LONGEST_SHOWN + 1].decode("latin-1")
    if isinstance(stated, str):
        return f"“{stated[:_LONGEST_SHOWN]}{'…' * (len(stated) > _LONGEST_SHOWN)}”"
    if isinstance(stated, Real) and not isinstance(stated, bool):
        number = _number(stated)
        if not isinstance(number, int):
            return str(float(stated))
        digits = int(number.bit_length() * math.log10(2))
        return f"{number:,}" if digits < LONGEST_NUMBER else f"about 10^{digits}"
    return "nothing" if stated is None else "something else"
