"""The pictures of an evaluation's report, as SVG to stand in its page."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_image_classifier.evaluation.calibration import Calibration
from napari_image_classifier.evaluation.outcome import Evaluation
from napari_image_classifier.statistics.intervals import Interval
from napari_image_classifier.statistics.paired_difference import PairedDifference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, SHADE = "#1f4e79", "#9db8d2"


def groups_plot(evaluation: Evaluation) -> str:
    """Draw the sensitivity of each class with its interval, and every group as a dot."""
    figure = _figure(6.5, 0.8 + 0.35 * len(evaluation.class_names))
    axes = figure.subplots()
    right = evaluation.probabilities.argmax(axis=1) == evaluation.truth
    random = np.random.default_rng(0)
    for row, scores in enumerate(evaluation.scores.classes):
        members = evaluation.truth == row
        _, units = np.unique(evaluation.units[members], return_inverse=True)
        parts = np.bincount(units, weights=right[members]) / np.bincount(units)
        heights = row + random.uniform(-0.22, 0.22, len(parts))
        axes.plot(parts, heights, "o", color=SHADE, markersize=4, alpha=0.7, zorder=1)
        if scores.sensitivity is not None:
            one = scores.sensitivity
            axes.plot([one.low, one.high], [row, row], color=INK, linewidth=2)
            axes.plot(one.score, row, "o", color=INK, markersize=6)
    axes.set_yticks(range(len(evaluation.class_names)), evaluation.class_names)
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("part recognised; a pale dot for every group")
    return _svg(figure)


def reliability_plot(calibration: Calibration) -> str:
    """Draw how often predictions were right against how sure they were."""
    figure = _figure(3.6, 3.2)
    axes = figure.subplots()
    said, was, n = np.transpose(calibration.curve)
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=1)
    axes.plot(said, was, color=INK, linewidth=1)
    axes.scatter(said, was, s=10 + 150 * n / n.sum(), color=INK, zorder=2, clip_on=False)
    axes.set_xlabel("probability given")
    axes.set_ylabel("part that was right")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    return _svg(figure)


def seeds_plot(scores: Sequence[float], interval: Interval) -> str:
    """Draw the balanced accuracy of every seed beside the interval of the first."""
    figure = _figure(6.5, 1.1)
    axes = figure.subplots()
    axes.plot([interval.low, interval.high], [0, 0], color=SHADE, linewidth=6)
    axes.plot(scores, [0] * len(scores), "|", color=INK, markersize=16, markeredgewidth=2)
    axes.set_yticks([])
    axes.set_xlim(0, 1)
    axes.set_xlabel("balanced accuracy: a line for every seed, the interval of the first behind")
    return _svg(figure)


def curve_plot(scores: Mapping[float, Interval]) -> str:
    """Draw the balanced accuracy, with its interval, by the part of the groups learnt from."""
    figure = _figure(4.5, 2.6)
    axes = figure.subplots()
    parts = [100 * part for part in scores]
    axes.vlines(
        parts, [one.low for one in scores.values()], [one.high for one in scores.values()],
        color=SHADE, linewidth=4,
    )  # fmt: skip
    axes.plot(parts, [one.score for one in scores.values()], "o-", color=INK)
    axes.set_xlim(0, 105)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("per cent of the groups learnt from")
    axes.set_ylabel("balanced accuracy")
    return _svg(figure)


def difference_plot(found: PairedDifference, margin: float) -> str:
    """Draw machine minus person with its interval, in points, between no difference and margin."""
    figure = _figure(6.5, 1.3)
    axes = figure.subplots()
    axes.axvspan(-100 * margin, 100, color=SHADE, alpha=0.35, linewidth=0)
    axes.axvline(0, color="#777777", linewidth=1)
    axes.axvline(-100 * margin, color=INK, linewidth=1, linestyle="--")
    axes.plot([100 * found.low, 100 * found.high], [0, 0], color=INK, linewidth=2)
    axes.plot(100 * found.difference, 0, "o", color=INK, markersize=7)
    reach = 100 * max(abs(found.low), abs(found.high), 1.5 * margin) + 2
    axes.set_xlim(-reach, reach)
    axes.set_yticks([])
    axes.set_xlabel("machine minus person, in points; shaded: as good, or better")
    return _svg(figure)


def _figure(width: float, height: float) -> "Figure":
    # Not pyplot, which would look for a window.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _svg(figure: "Figure") -> str:
    import matplotlib as mpl

    written = io.StringIO()
    # The same picture, the same bytes.
    with mpl.rc_context({"svg.hashsalt": "napari-image-classifier", "svg.fonttype": "none"}):
        for axes in figure.axes:
            axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(written, format="svg", metadata={"Date": None})
    text = written.getvalue()
    return text[text.index("<svg") :]
