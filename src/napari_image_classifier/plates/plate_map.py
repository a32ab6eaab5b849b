"""A summary by well as a picture: plates, their wells coloured by what was found in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_image_classifier.images.well_names import parse_well, plate_shape, row_letters
from napari_image_classifier.plates.columns import (
    PLATE,
    WELL,
    SummaryError,
    in_words,
    numbers_to_show,
    places_in,
    scale_of,
)
from napari_image_classifier.system.atomic_files import replace_file
from napari_image_classifier.typing import Float64Array

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

FORMATS = (".png", ".svg", ".pdf")
# Up to so many columns, numbers can be read within a well.
COLUMNS_WITH_NUMBERS = 12
WELL_SIDE = {True: 0.46, False: 0.24}


def draw_plate_maps(
    summary: "pd.DataFrame", path: str | Path, show: Sequence[str] | None = None
) -> None:
    """Write a picture (PNG, SVG or PDF) of every plate, once for each column of ``show``.

    ``summary`` is what `summary.summarize` gives by "well", or by "plate" and "well"; ``show``
    are columns of it, the per cent of every class unless told. Plates are drawn below each other,
    columns beside each other; a column has one scale on all plates, for per cent always 0 to 100.
    Wells of which nothing is known are empty circles.

    Raises
    ------
    SummaryError
        There is no column of wells, or several rows for one, or none of a name in ``show``, or
        the picture's format is unknown.
    WellError
        A name in the column of wells is none of a well.
    """
    from matplotlib.figure import Figure

    path = Path(path)
    shown = _checked(summary, path, show)
    plates = list(summary.groupby(PLATE, sort=False)) if PLATE in summary else [("", summary)]
    rows, columns = shape = plate_shape(parse_well(name) for name in summary[WELL])
    side = WELL_SIDE[columns <= COLUMNS_WITH_NUMBERS]
    # Not pyplot, which would look for a window.
    figure = Figure(
        figsize=(len(shown) * (columns * side + 1.6), len(plates) * (rows * side + 0.9)),
        layout="constrained",
    )
    grid = figure.subplots(len(plates), len(shown), squeeze=False)
    for row, (name, of_plate) in zip(grid, plates, strict=True):
        for axes, column in zip(row, shown, strict=True):
            ends = scale_of(column, summary[column].to_numpy(float))
            circles = _draw(axes, _laid_out(of_plate, column, shape), *ends)
            axes.set_title(f"{name}: {in_words(column)}" if name else in_words(column))
            figure.colorbar(circles, ax=axes, shrink=0.8)
    with replace_file(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:].lower(), dpi=150)


def _checked(summary: "pd.DataFrame", path: Path, show: Sequence[str] | None) -> list[str]:
    places_in(summary)
    if path.suffix.lower() not in FORMATS:
        raise SummaryError(f"A plate map is a {', '.join(FORMATS)} file, not {path.name}.")
    return numbers_to_show(summary, show)


def _laid_out(of_plate: "pd.DataFrame", column: str, shape: tuple[int, int]) -> Float64Array:
    """Return the numbers of a column where their wells are, NaN elsewhere."""
    values = np.full(shape, np.nan)
    for name, value in zip(of_plate[WELL], of_plate[column], strict=True):
        values[parse_well(name)] = value
    return values


def _draw(axes: "Axes", values: Float64Array, low: float, high: float) -> Any:
    """Draw one plate, its wells as circles; return these, for a scale beside them."""
    from matplotlib.collections import EllipseCollection

    rows, columns = values.shape
    y, x = (numbers.ravel() for numbers in np.mgrid[:rows, :columns])
    circles = EllipseCollection(
        np.full(values.size, 0.88), np.full(values.size, 0.88), np.zeros(values.size),
        units="xy", offsets=np.column_stack([x, y]), transOffset=axes.transData,
        edgecolors="#888888", linewidths=0.5, cmap="viridis",
    )  # fmt: skip
    circles.set_array(np.ma.masked_invalid(values.ravel()))
    circles.set_clim(low, high)
    axes.add_collection(circles)
    if columns <= COLUMNS_WITH_NUMBERS:
        for row, column in np.argwhere(np.isfinite(values)):
            value = values[row, column]
            dark = (value - low) / ((high - low) or 1) < 0.6
            axes.text(column, row, f"{value:.2f}" if high <= 1 and value % 1 else f"{value:.0f}",
                      ha="center", va="center", fontsize=7, color="w" if dark else "k")  # fmt: skip
    axes.set(xlim=(-0.6, columns - 0.4), ylim=(rows - 0.4, -0.6), aspect="equal")
    axes.set_yticks(range(rows), [row_letters(row) for row in range(rows)])
    axes.set_xticks(range(columns), [str(column + 1) for column in range(columns)])
    axes.tick_params(length=0, labelsize=8 if columns <= COLUMNS_WITH_NUMBERS else 5,
                     top=True, labeltop=True, bottom=False, labelbottom=False)  # fmt: skip
    axes.spines[:].set_color("#cccccc")
    return circles
