"""Arrays by what they hold."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
DrawThumbnail = Callable[[FloatArray], bytes]
ShouldStop = Callable[[], bool]
