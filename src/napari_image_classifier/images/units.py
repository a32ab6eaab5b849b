"""Units of length as microscopes write them."""

import math
from typing import Any

_MICROMETRES = {
    "å": 1e-4,
    "pm": 1e-6,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "nanometre": 1e-3,
    "µm": 1.0,
    "um": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "mm": 1e3,
    "millimeter": 1e3,
    "millimetre": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
    "m": 1e6,
    "meter": 1e6,
    "metre": 1e6,
}


def micrometres(length: Any, unit: Any) -> float | None:
    """Return ``length`` in µm; None where it is no positive number or the unit is no length."""
    try:
        number = float(length)
    except (TypeError, ValueError):
        return None
    factor = _MICROMETRES.get(_plain(unit))
    if factor is None or not math.isfinite(number) or number <= 0:
        return None
    return number * factor


def _plain(unit: Any) -> str:
    # ImageJ writes µ as an escape of six letters; there are two Unicode signs for it.
    text = str(unit or "").replace("\\u00B5", "µ").replace("\\u00b5", "µ").replace("\u03bc", "µ")
    return text.strip().lower()
