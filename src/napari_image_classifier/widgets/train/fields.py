"""The fields of a training: its channels, its files, and how each choice is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtWidgets import QCheckBox, QWidget
from superqt import QFlowLayout

from napari_image_classifier.classifiers.description import TEXTURE
from napari_image_classifier.training.backends import BACKENDS
from napari_image_classifier.training.config import (
    BACKBONE_NAMES,
    IMAGENET,
    RANDOM_WEIGHTS,
    TrainingConfig,
)
from napari_image_classifier.widgets.qt.forms import Ask
from napari_image_classifier.widgets.qt.parts import check_box, in_a_row, stacked
from napari_image_classifier.widgets.qt.path_probe import Kind, kind_of, no_answer_from
from napari_image_classifier.widgets.qt.plain_text import Label


class ChannelChoice(QWidget):
    """A check box per channel, all of them checked at first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes: dict[str, QCheckBox] = {}
        inside = QWidget()
        self._flow = QFlowLayout(inside)
        self._flow.setContentsMargins(0, 0, 0, 0)
        row = in_a_row(Label("Channels"), inside)
        row.setStretch(1, 1)
        stacked(self, row)
        self.hide()

    def offer(self, names: Sequence[str]) -> None:
        """Show the channels ``names``; the same ones again keep their checks."""
        if list(self._boxes) == list(names):
            return
        for box in self._boxes.values():
            self._flow.removeWidget(box)
            box.deleteLater()
        tooltip = "Checked: the classifier looks at this channel."
        self._boxes = {name: check_box(name, tooltip, checked=True) for name in names}
        for box in self._boxes.values():
            self._flow.addWidget(box)
        self.setVisible(len(names) > 1)

    def why_unusable(self) -> str | None:
        """Return a sentence where no channel is checked."""
        none = self._boxes and not any(box.isChecked() for box in self._boxes.values())
        return "Choose at least one channel." if none else None

    def value(self) -> tuple[str, ...]:
        """Return the names checked; empty where all are, as `TrainingConfig` wants it."""
        chosen = tuple(name for name, box in self._boxes.items() if box.isChecked())
        return () if len(chosen) == len(self._boxes) else chosen


@dataclass(frozen=True)
class TrainingFiles:
    """The files of a training: where the classifier is saved, and the one it goes on from."""

    output: Path | None = None
    start_from: Path | None = None


def why_no_training(config: TrainingConfig) -> str | None:
    """Return why it can't be trained with ``config``, also where a drive does not answer."""
    for name in (config.start_from, config.weights):
        path = Path(name or "")
        if path.is_absolute() and kind_of(path) is Kind.NO_ANSWER:
            return no_answer_from(path)
    return config.why_unusable()


OUTPUT_ASKS = (
    Ask("output", "Save as", "The classifier's file, ending in .keras; it is written whole or not "
        "at all.", {"mode": "w", "filter": "*.keras", "nullable": True}),
)  # fmt: skip
START_ASKS = (
    Ask("start_from", "Go on from", "A classifier to train on instead of starting anew.",
        {"mode": "r", "filter": "*.keras", "nullable": True}),
)  # fmt: skip
TRAINING_ASKS = (
    Ask("network", "Network", "The kind of network; the small residual one suits most images. "
        "Texture features with logistic regression take its place in seconds; with few images "
        "they may do better.",
        {"choices": [("small residual network", "residual"), ("plain stack (VGG)", "vgg"),
                     ("none: texture features", TEXTURE),
                     *((f"{name}, learnt from photographs", name) for name in BACKBONE_NAMES)]}),
    Ask("epochs", "Epochs", "How often every image is seen at most; it stops early when the "
        "validation images get no better.", {"max": 10_000}),
)  # fmt: skip
TRAINING_ASKS_FOLDED = (
    Ask("projection", "Planes", "How the planes of a Z stack become one picture.",
        {"choices": [("brightest value", "max"), ("mean", "mean"), ("sum", "sum"),
                     ("middle plane", "middle"), ("sharpest plane", "sharpest")]}),
    Ask("intensity", "Intensity", "How grey values become comparable: one range measured on all "
        "training images, a range for each image, or as they are.",
        {"choices": [("one range for all images", "fixed"),
                     ("each image by itself", "percentiles"), ("as it is", "none")]}),
    Ask("size", "Size", "Images are scaled to this many pixels; larger shows more and takes "
        "longer.", none_means="from the images"),
    Ask("box", "Box", "The side of the square that is cut out around each object, such as 48 "
        "(pixels) or 12.5 µm; empty: so large that nearly all objects fit in."),
    Ask("neighbours", "Neighbours", "What belongs to other objects in that square.",
        {"choices": [("stays", "kept"), ("is blanked out", "masked")]}),
    Ask("keep_aspect", "Keep proportions", "Scale without distortion and fill the rest with black; "
        "otherwise stretch."),
    Ask("batch_size", "Batch size", "Images per step; smaller needs less memory.", {"max": 4096}),
    Ask("learning_rate", "Learning rate", "How large a step is; smaller is slower and steadier.",
        {"max": 1.0, "step": 0.0005}, none_means="what suits the network"),
    Ask("weights", "Large networks begin with", "What those of the networks that have learnt from "
        "photographs begin with: that, which Keras downloads once, or nothing.",
        {"choices": [("what was learnt from photographs", IMAGENET),
                     ("nothing", RANDOM_WEIGHTS)]}),
    Ask("patience", "Patience", "Epochs without improvement after which training stops.",
        {"max": 10_000}),
    Ask("validation_fraction", "Validation part", "The part of the images (whole wells, dishes or "
        "animals) that is not learnt from but used to judge.",
        {"min": 0.05, "step": 0.05}),
    Ask("finish", "Learn from all in the end", "When the validation images have judged, the "
        "network learns from them, too; the score is the one from before."),
    Ask("class_weights", "Balance classes", "Rare classes count for more."),
    Ask("flips", "Mirror", "Learn from mirrored copies, too."),
    Ask("turns", "Quarter turns", "Learn from turned copies, too; uncheck where up and down have a "
        "meaning."),
    Ask("shift", "Shift", "Learn from copies shifted by up to this part of the picture.",
        {"step": 0.01}),
    Ask("gain", "Brightness", "Learn from copies that are brighter or darker by this part.",
        {"step": 0.05}),
    Ask("noise", "Noise", "Learn from copies with this much added noise.",
        {"step": 0.05}),
    Ask("label_smoothing", "Doubt", "How much doubt about the given classes is allowed for.",
        {"max": 0.5, "step": 0.01}),
    Ask("members", "Networks", "Several networks learn from different parts of the images and "
        "decide together; better, and so many times slower."),
    Ask("orientations", "Eight orientations", "Classify each image turned and mirrored, too, and "
        "average; a little better, and classifying takes eight times as long."),
    Ask("risk", "Wrong answers", "Where it is not sure enough it says so, and at most this part of "
        "its answers is wrong. A fifth of the wells, dishes or animals is kept aside to find that "
        "confidence; with few of them nothing can be promised.",
        {"choices": [("at most 1 %", 0.01), ("at most 5 %", 0.05), ("at most 10 %", 0.1)]},
        none_means="no limit: it always answers"),
    Ask("seed", "Seed", "The same seed on the same computer gives the same classifier."),
    Ask("backend", "Computes with", "The library that does the computing; any gives the same kind "
        "of classifier. PyTorch uses graphics cards on Windows, too.",
        {"choices": [(words, name) for name, words in BACKENDS.items()]},
        none_means="what is installed"),
)  # fmt: skip
