"""Plate maps: the wells of a plate in their places, coloured by a column of their summary."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_image_classifier.images.names.well_names import (
    Well,
    parse_well,
    plate_shape,
    row_letters,
)
from napari_image_classifier.plates.columns import (
    PLATE,
    WELL,
    check_wells,
    in_words,
    numbers_to_show,
    scale_of,
)
from napari_image_classifier.plates.figures import check_format, in_figure, new_figure, write_figure
from napari_image_classifier.typing import Float64Array

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.collections import EllipseCollection

# Up to so many columns, numbers can be read within a well.
COLUMNS_WITH_NUMBERS = 12
WELL_SIDE = {True: 0.46, False: 0.24}
# A circle's diameter, where a well's side is 1.
DIAMETER = 0.88


@dataclass(frozen=True)
class PlateMap:
    """The numbers of a column of a summary on one of its plates.

    Attributes
    ----------
    name
        What the plate is called, "" where plates have no names.
    words
        What the column is called.
    values
        The numbers where their wells are, shape (rows, columns), NaN where nothing is known.
    rows
        Which row of the summary each well is.
    ends
        The low and the high end of the scale of colours.
    """

    name: str
    words: str
    values: Float64Array
    rows: dict[Well, int]
    ends: tuple[float, float]

    def part_of_scale(self, value: float) -> float:
        """Return where on the scale a value is: 0 at its low end, 1 at its high one."""
        low, high = self.ends
        return (value - low) / ((high - low) or 1)


def plate_maps(summary: "pd.DataFrame", column: str) -> list[PlateMap]:
    """Return the map of every plate of a summary, all of one shape and with one scale.

    Parameters
    ----------
    summary
        A row for each well, see `summary.summarize`.
    column
        The column whose numbers are shown.

    Returns
    -------
    list of PlateMap
        In the order of the summary; one without a name where it has no column "plate".

    Raises
    ------
    WellError
        A name in the column of wells is none of a well.
    """
    wells = [parse_well(name) for name in summary[WELL]]
    numbers = summary[column].to_numpy(float)
    names = summary[PLATE].tolist() if PLATE in summary else [""] * len(wells)
    shape, ends = plate_shape(wells), scale_of(column, numbers)
    maps = {
        name: PlateMap(name, in_words(column), np.full(shape, np.nan), {}, ends)
        for name in dict.fromkeys(names or [""])
    }
    for row, (name, well) in enumerate(zip(names, wells, strict=True)):
        maps[name].values[well] = numbers[row]
        maps[name].rows[well] = row
    return list(maps.values())


@dataclass(frozen=True)
class PlateStyle:
    """How a plate is written on.

    Attributes
    ----------
    label_size, number_size
        The sizes of the names of rows and columns, and of the numbers in wells, in points.
    write
        Gives the text of a number in a well; None for wells without.
    every
        Which rows and which columns are named: 1 for every one, 2 for every second.
    trace
        How opaque the edge of a well is that has no row in the summary, 0 to 1.
    ink
        The colour of the names of rows and columns.
    """

    label_size: float
    number_size: float = 7.0
    write: Callable[[float], str] | None = None
    every: tuple[int, int] = (1, 1)
    trace: float = 1.0
    ink: str = "black"


def draw_plate(axes: "Axes", plate: PlateMap, style: PlateStyle) -> "EllipseCollection":
    """Draw the wells of a plate as circles, viridis from low to high, with rows and columns named.

    Parameters
    ----------
    axes
        What is drawn on; a well's centre is at (column, row), counted from 0, and its side is 1.
    plate
        The plate. Wells of which nothing is known are empty circles.
    style
        Sizes, and what is written.

    Returns
    -------
    EllipseCollection
        The circles, for a scale of their colours.
    """
    from matplotlib.collections import EllipseCollection
    from matplotlib.colors import to_rgba

    rows, columns = plate.values.shape
    y, x = (numbers.ravel() for numbers in np.mgrid[:rows, :columns])
    edges = [
        to_rgba("#888888", 1.0 if well in plate.rows else style.trace)
        for well in zip(y.tolist(), x.tolist(), strict=True)
    ]
    sides = np.full(plate.values.size, DIAMETER)
    circles = EllipseCollection(
        sides, sides, np.zeros(plate.values.size),
        units="xy", offsets=np.column_stack([x, y]), transOffset=axes.transData,
        edgecolors=edges, linewidths=0.5, cmap="viridis",
    )  # fmt: skip
    circles.set_array(np.ma.masked_invalid(plate.values.ravel()))
    circles.set_clim(*plate.ends)
    axes.add_collection(circles)
    if style.write is not None:
        for row, column in np.argwhere(np.isfinite(plate.values)):
            value = plate.values[row, column]
            axes.text(column, row, style.write(value), ha="center", va="center",
                      fontsize=style.number_size,
                      color="w" if plate.part_of_scale(value) < 0.6 else "k")  # fmt: skip
    axes.set(xlim=(-0.6, columns - 0.4), ylim=(rows - 0.4, -0.6), aspect="equal")
    named_rows, named_columns = range(0, rows, style.every[0]), range(0, columns, style.every[1])
    # First, as it is slow to change ticks that are there.
    axes.tick_params(length=0, labelsize=style.label_size, labelcolor=style.ink,
                     top=True, labeltop=True, bottom=False, labelbottom=False)  # fmt: skip
    axes.set_yticks(named_rows, [row_letters(row) for row in named_rows])
    axes.set_xticks(named_columns, [str(column + 1) for column in named_columns])
    axes.spines[:].set_color("#cccccc")
    return circles


def draw_plate_maps(
    summary: "pd.DataFrame", path: str | Path, show: Sequence[str] | None = None
) -> None:
    """Write a picture of every plate, once for each column of ``show``.

    Plates are drawn below each other, columns beside each other; a column has one scale on all
    plates, for per cent always 0 to 100. Wells of which nothing is known are empty circles.

    Parameters
    ----------
    summary
        What `summary.summarize` gives by "well", or by "plate" and "well".
    path
        The picture: a PNG, SVG or PDF file.
    show
        Columns of the summary; the per cent of every class unless told.

    Raises
    ------
    SummaryError
        There is no column of wells, or several rows for one, or none of a name in ``show``, or
        the picture's format is unknown.
    WellError
        A name in the column of wells is none of a well.
    """
    path = Path(path)
    check_wells(summary)
    check_format(path, "plate map")
    maps = [plate_maps(summary, column) for column in numbers_to_show(summary, show)]
    rows, columns = maps[0][0].values.shape
    side = WELL_SIDE[columns <= COLUMNS_WITH_NUMBERS]
    n_plates = len(maps[0])
    figure = new_figure(len(maps) * (columns * side + 1.6), n_plates * (rows * side + 0.9))
    grid = figure.subplots(n_plates, len(maps), squeeze=False)
    for row, of_plate in zip(grid, zip(*maps, strict=True), strict=True):
        for axes, plate in zip(row, of_plate, strict=True):
            circles = draw_plate(axes, plate, _style_of_files(plate))
            title = f"{plate.name}: {plate.words}" if plate.name else plate.words
            axes.set_title(in_figure(title))
            figure.colorbar(circles, ax=axes, shrink=0.8)
    write_figure(figure, path)


def _style_of_files(plate: PlateMap) -> PlateStyle:
    def write(value: float) -> str:
        return f"{value:.2f}" if plate.ends[1] <= 1 and value % 1 else f"{value:.0f}"

    if plate.values.shape[1] <= COLUMNS_WITH_NUMBERS:
        return PlateStyle(label_size=8, write=write)
    return PlateStyle(label_size=5)
