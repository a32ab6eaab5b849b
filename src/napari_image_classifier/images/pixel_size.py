"""The size of a pixel in micrometres, from the units that files state."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PixelSize:
    """The distance between the centres of neighbouring pixels.

    Attributes
    ----------
    x, y
        Along a row and along a column.
    z
        Between planes; None where the file does not say, or there is one plane.
    unit
        "µm" wherever the file's unit can be converted to it.
    """

    x: float
    y: float
    z: float | None = None
    unit: str = "µm"


_UNITS = (
    (1e-6, ("pm",)),
    (1e-4, ("å",)),
    (1e-3, ("nm", "nanometer", "nanometre")),
    (1.0, ("µm", "um", "micron", "microns", "micrometer", "micrometre")),
    (1e3, ("mm", "millimeter", "millimetre")),
    (1e4, ("cm", "centimeter")),
    (1e6, ("m", "meter", "metre")),
)
_MICROMETRES = {name: factor for factor, names in _UNITS for name in names}


def micrometres(length: Any, unit: Any) -> float | None:
    """Return a length in µm; None where it is not a positive number or the unit is unknown."""
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
