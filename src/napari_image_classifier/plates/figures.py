"""Figures of matplotlib, texts in them, and the picture files that they become.

Texts that somebody else has written come into a figure by `in_figure`, or `add_legend`.
"""

import sys
import warnings
from collections.abc import Sequence
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from napari_image_classifier.plates.columns import SummaryError
from napari_image_classifier.system.atomic_files import replace_file
from napari_image_classifier.system.child_process import folder_to_work_in
from napari_image_classifier.system.shown_text import readable_lines, shortened

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

# Longer ones would leave a drawing no room.
LONGEST_LINE, LONGEST_NAME = 90, 40
FORMATS = (".png", ".svg", ".pdf")


def check_format(path: Path, what: str) -> None:
    """Raise a `SummaryError` where a picture, of ``what`` in words, has another ending."""
    if path.suffix.lower() not in FORMATS:
        raise SummaryError(f"A {what} is a {', '.join(FORMATS)} file, not {path.name}.")


@cache
def load_matplotlib() -> None:
    """Import matplotlib; always first, as it obeys a file in the folder that one works in.

    A ``matplotlibrc`` there, which may be a stranger's, has LaTeX started, or ends the import. A
    person's own lies in her home.
    """
    if not Path("matplotlibrc").exists():
        return
    has_obeyed = "matplotlib" in sys.modules
    with chdir(folder_to_work_in()):
        import matplotlib as mpl
    if has_obeyed:
        # Another plugin has imported it.
        mpl.rcdefaults()


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure whose panels find their places.

    Parameters
    ----------
    width, height
        Its size in inches.

    Returns
    -------
    Figure
        Without axes; no window shows it.
    """
    pass_over_missing_letters()
    load_matplotlib()
    # Not pyplot, which would look for a window.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def pass_over_missing_letters() -> None:
    """Let letters that matplotlib's font lacks be squares, without a warning for each."""
    warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)


def in_figure(text: str, longest: int = LONGEST_LINE) -> str:
    """Return a text for matplotlib to write as it is: a dollar begins no formula.

    Parameters
    ----------
    text
        A title, or what stands beside an axis; it may have several lines.
    longest
        How many letters a line may have; of a longer one the middle is left out.

    Returns
    -------
    str
        What matplotlib is given.
    """
    lines = [shortened(line, longest) for line in readable_lines(text).split("\n")]
    return "\n".join(lines).replace("$", r"\$")


def add_legend(
    figure: "Figure", lines: Sequence["Artist"], names: Sequence[str], title: str
) -> None:
    """Say below a figure which of its lines is which.

    Parameters
    ----------
    figure
        The figure.
    lines
        One for each of the ``names``.
    names
        What they stand for.
    title
        What all of them are.
    """
    # It leaves out names that begin with "_", so it is given numbers first.
    legend = figure.legend(
        lines, [str(number) for number in range(len(lines))], title=in_figure(title),
        loc="outside lower center", ncols=min(len(lines), 5), frameon=False, fontsize=9,
    )  # fmt: skip
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(in_figure(name, LONGEST_NAME))


def write_figure(figure: "Figure", path: Path) -> None:
    """Write a figure in the format that the file's ending names."""
    with replace_file(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:].lower(), dpi=150)
