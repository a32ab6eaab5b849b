"""Types of arrays by what they hold, and of functions that several packages take."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

AnyArray = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
DrawThumbnail = Callable[[FloatArray], bytes]
ShouldStop = Callable[[], bool]
