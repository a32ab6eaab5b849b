"""Plots of the reports, as SVG to stand in their pages."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from napari_image_classifier.evaluation.calibration import Calibration
from napari_image_classifier.evaluation.outcome import Evaluation
from napari_image_classifier.plates.figures import in_figure, new_figure
from napari_image_classifier.statistics.intervals import Interval
from napari_image_classifier.statistics.paired_difference import PairedDifference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# More would leave the drawing no room.
LETTERS_BESIDE_AXIS = 40
INK, SHADE = "#1f4e79", "#9db8d2"


def groups_plot(evaluation: Evaluation) -> str:
    """Draw the sensitivity of each class with its interval, and every group as a dot."""
    axes = _axes(6.5, 0.8 + 0.35 * len(evaluation.class_names))
    right = evaluation.probabilities.argmax(axis=1) == evaluation.truth
    random = np.random.default_rng(0)
    for row, scores in enumerate(evaluation.scores.classes):
        members = evaluation.truth == row
        _, units = np.unique(evaluation.units[members], return_inverse=True)
        parts = np.bincount(units, weights=right[members]) / np.bincount(units)
        heights = row + random.uniform(-0.22, 0.22, len(parts))
        axes.plot(parts, heights, "o", color=SHADE, markersize=4, alpha=0.7, zorder=1)
        if scores.sensitivity is not None:
            found = scores.sensitivity
            axes.plot([found.low, found.high], [row, row], color=INK, linewidth=2)
            axes.plot(found.score, row, "o", color=INK, markersize=6)
    names = [in_figure(name, LETTERS_BESIDE_AXIS) for name in evaluation.class_names]
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlim=(-0.02, 1.02), xlabel="part recognised; a pale dot for every group")
    return _svg(axes)


def reliability_plot(calibration: Calibration) -> str:
    """Draw how often predictions were right against how sure they were."""
    axes = _axes(3.6, 3.2)
    confidence, right, n = np.transpose(calibration.curve)
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=1)
    axes.plot(confidence, right, color=INK, linewidth=1)
    axes.scatter(confidence, right, s=10 + 150 * n / n.sum(), color=INK, zorder=2, clip_on=False)
    axes.set(xlabel="probability given", ylabel="part that was right")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    return _svg(axes)


def seeds_plot(scores: Sequence[float], interval: Interval) -> str:
    """Draw the balanced accuracy of every seed beside the interval of the first."""
    axes = _axes(6.5, 1.1)
    axes.plot([interval.low, interval.high], [0, 0], color=SHADE, linewidth=6)
    axes.plot(scores, [0] * len(scores), "|", color=INK, markersize=16, markeredgewidth=2)
    label = "balanced accuracy: a line for every seed, the interval of the first behind"
    axes.set(yticks=[], xlim=(0, 1), xlabel=label)
    return _svg(axes)


def curve_plot(scores: Mapping[float, Interval]) -> str:
    """Draw the balanced accuracy, with its interval, by the part of the groups learnt from."""
    axes = _axes(4.5, 2.6)
    parts = [100 * part for part in scores]
    score, low, high = np.transpose([(of.score, of.low, of.high) for of in scores.values()])
    axes.vlines(parts, low, high, color=SHADE, linewidth=4)
    axes.plot(parts, score, "o-", color=INK)
    axes.set(xlim=(0, 105), ylim=(0, 1.02))
    axes.set(xlabel="per cent of the groups learnt from", ylabel="balanced accuracy")
    return _svg(axes)


def difference_plot(paired: PairedDifference, margin: float) -> str:
    """Draw machine minus person, in points, between no difference and the margin.

    Parameters
    ----------
    paired
        The difference of accuracy, with its interval.
    margin
        How much worse still counts as “as good”, from 0 to 1.

    Returns
    -------
    str
        The element ``svg``.
    """
    axes = _axes(6.5, 1.3)
    axes.axvspan(-100 * margin, 100, color=SHADE, alpha=0.35, linewidth=0)
    axes.axvline(0, color="#777777", linewidth=1)
    axes.axvline(-100 * margin, color=INK, linewidth=1, linestyle="--")
    axes.plot([100 * paired.low, 100 * paired.high], [0, 0], color=INK, linewidth=2)
    axes.plot(100 * paired.difference, 0, "o", color=INK, markersize=7)
    reach = 100 * max(abs(paired.low), abs(paired.high), 1.5 * margin) + 2
    label = "machine minus person, in points; shaded: as good, or better"
    axes.set(xlim=(-reach, reach), yticks=[], xlabel=label)
    return _svg(axes)


def _axes(width: float, height: float) -> "Axes":
    axes: Axes = new_figure(width, height).subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _svg(axes: "Axes") -> str:
    import matplotlib as mpl

    written = io.StringIO()
    # The same picture, the same bytes.
    with mpl.rc_context({"svg.hashsalt": "napari-image-classifier", "svg.fonttype": "none"}):
        cast("Figure", axes.figure).savefig(written, format="svg", metadata={"Date": None})
    text = written.getvalue()
    return text[text.index("<svg") :]
