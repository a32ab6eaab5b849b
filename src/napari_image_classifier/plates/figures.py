"""Figures of matplotlib, and the picture files that they become."""

import sys
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from napari_image_classifier.plates.columns import SummaryError
from napari_image_classifier.system.atomic_files import replace_file
from napari_image_classifier.system.child_process import folder_to_work_in

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    """Return an empty figure whose panels find their places, of a size in inches."""
    load_matplotlib()
    # Not pyplot, which would look for a window.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def write_figure(figure: "Figure", path: Path) -> None:
    """Write a figure in the format that the file's ending names."""
    with replace_file(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:].lower(), dpi=150)
