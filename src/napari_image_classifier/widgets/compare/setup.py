"""The setup of a comparison of a person with a classifier, and the power that it would have."""

import random
from dataclasses import dataclass, replace
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QSpinBox, QWidget

from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.leakage import LearntFrom
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.items.reading import sharing
from napari_image_classifier.items.survey import Survey
from napari_image_classifier.raters.comparison import MARGIN, POWER, TruthKind
from napari_image_classifier.raters.power import comparison_power, images_needed
from napari_image_classifier.raters.session_jobs import SessionRequest
from napari_image_classifier.widgets.qt import settings
from napari_image_classifier.widgets.qt.background import Lookup
from napari_image_classifier.widgets.qt.dock import Folded, let_be_narrow
from napari_image_classifier.widgets.qt.forms import Ask
from napari_image_classifier.widgets.qt.parts import (
    button,
    check_box,
    choice,
    form_rows,
    line_edit,
    wrapped,
)
from napari_image_classifier.widgets.qt.path_probe import Kind, kind_of, why_not_there
from napari_image_classifier.widgets.qt.plain_text import set_tool_tip
from napari_image_classifier.widgets.qt.progress_row import show_sentence
from napari_image_classifier.widgets.shared.items_form import (
    AXES_ASK,
    CHOOSE_CLASSIFIER,
    MASKS_ASKS,
    ItemsChoices,
    ItemsForm,
)

TRUTHS: dict[TruthKind, str] = {
    "condition": "the experimental condition",
    "own": "my own labels",
    "consensus": "what most other raters said",
}
USUAL_NUMBER = 100
ON_OWN_LABELS = (
    "On your own labels being right is agreeing with yourself: the report says how far the machine "
    "agrees with you, and not who is better."
)


@dataclass(frozen=True)
class CompareWhat(ItemsChoices):
    """What *Compare with me* asks in fields."""

    group: str | None = None
    labels: Path | None = None
    classifier: Path | None = None
    session: Path | None = None

    def why_unusable(self) -> str | None:
        """Return why it can't be used yet, as a sentence."""
        return (
            super().why_unusable()
            or (self.labels and why_not_there(self.labels, Kind.FILE, "table", ""))
            or why_not_there(self.classifier, Kind.FILE, "classifier", CHOOSE_CLASSIFIER)
            or (None if self.session else "Choose a folder for the session; a new one is made.")
        )


STUDY_ASKS = (
    Ask("folder", "Folder", "The folder of the images; for the experimental condition with one "
        "sub-folder per class, or with a table.", {"mode": "d", "nullable": True}),
    Ask("labels", "Table", "The table (CSV) that says what is true: the condition of each file, or "
        "labels given in Label images. Empty: the sub-folders are the conditions.",
        {"mode": "r", "filter": "*.csv *.txt *.tsv", "nullable": True}),
    Ask("classifier", "Classifier", "It is frozen: its answers are sealed before your first one.",
        {"mode": "r", "filter": "*.keras", "nullable": True}),
    Ask("session", "Session", "A new folder for the session: its plan, your answers, the report.",
        {"mode": "d", "nullable": True}),
)  # fmt: skip


class StudySetup(QWidget):
    """Asks; `prepared` carries the `SessionRequest`."""

    prepared = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._power_lookup = Lookup(self)
        self._build()
        self._connect()
        self._recall()

    def _build(self) -> None:
        self.form = ItemsForm(
            CompareWhat(), STUDY_ASKS, (*MASKS_ASKS, AXES_ASK),
            query=self._query, listed=True,
            surveyed=("folder", "labels", "masks", "split_masks", "axes"),
        )  # fmt: skip
        self.pattern, self.group = self.form.pattern, self.form.group
        paths, folded = self.form.parts
        self.truth = choice(TRUTHS, "What an answer is held against.")
        let_be_narrow(self.truth)
        self.rater = line_edit("your name or initials")
        self.number = _spin_box(10, 5000, USUAL_NUMBER, "How many images are shown; some come "
                                "twice, to see how steady you are.")  # fmt: skip
        self.margin = _spin_box(1, 50, round(100 * MARGIN), "How much worse would still be “as "
                                "good”; it can't be changed after the first answer.")  # fmt: skip
        self.margin.setSuffix(" points")
        self.second_arm = check_box(
            "Then once more, with exactly the classifier's view",
            "All images again, as the network receives them: its channels, size and intensities. "
            "It is scored apart.",
        )
        self.power, self.why_not = wrapped(), wrapped()
        self.start_button = button("Start")
        more = Folded("Objects, not whole images; files without axes", folded)
        form_rows(
            self, ("Truth is", self.truth), paths, self.pattern, more, self.group,
            ("Rater", self.rater), ("Images", self.number), ("Still as good", self.margin),
            self.second_arm, self.power, self.start_button, self.why_not,
        )  # fmt: skip

    def _connect(self) -> None:
        self.truth.currentIndexChanged.connect(self.form.runner.restart)
        for signal in (self.form["session"].changed, self.rater.textChanged):
            signal.connect(self._show_what_can_run)
        for signal in (
            self.form["classifier"].changed, self.number.valueChanged, self.margin.valueChanged,
            self.group.changed,
        ):  # fmt: skip
            signal.connect(self._show_power)
        self.form.runner.changed.connect(self._show)
        self.form.runner.failed.connect(self.why_not.setText)
        self._power_lookup.answered.connect(self._say_power)
        self.start_button.clicked.connect(self.start)

    def _recall(self) -> None:
        self.rater.setText(settings.remembered(settings.RATER))
        classifier = Path(settings.remembered(settings.CLASSIFIER) or "-")
        if kind_of(classifier) is Kind.FILE:
            self.form["classifier"].value = classifier
        self._show_what_can_run()

    def choices(self) -> CompareWhat:
        """Return what is filled in."""
        return self.form.choices()

    @property
    def truth_kind(self) -> TruthKind:
        """What truth is to be."""
        kind: TruthKind = self.truth.currentData()
        return kind

    def why_unusable(self) -> str | None:
        """Return why it can't begin yet, as a sentence."""
        choices = self.choices()
        if why := choices.why_unusable():
            return why
        if self.truth_kind != "condition" and choices.labels is None:
            return "Choose the table of labels that are to be the truth."
        if self.listed is None:
            return "Looking at the images…" if self.form.runner.under_way else self.why_not.text()
        if why := self.group.why_unusable():
            return why
        if not self.rater.text().strip():
            return "Write your name or initials."
        return None

    def start(self) -> None:
        """Hand on what was asked."""
        choices = self.choices()
        if self.why_unusable():
            return
        assert choices.session is not None
        assert choices.classifier is not None
        settings.remember(rater=self.rater.text().strip(), classifier=choices.classifier)
        self.prepared.emit(
            SessionRequest(
                session=choices.session,
                rater=self.rater.text().strip(),
                truth=self.truth_kind,
                labels=choices.labels,
                classifier=choices.classifier,
                margin=self.margin.value() / 100,
                number=self.number.value(),
                second_arm=self.second_arm.isChecked(),
                seed=random.SystemRandom().randrange(2**31),
                items=choices.query(),
            )
        )

    def stop(self) -> None:
        """End a survey that is under way."""
        self.form.runner.stop()

    @property
    def listed(self) -> Survey | None:
        """The images; None while they are not known."""
        return self.form.runner.survey

    def _query(self) -> ItemsQuery | None:
        choices = self.choices()
        if choices.folder is None or kind_of(choices.folder) is not Kind.FOLDER:
            return None
        # Of a condition its table; labels lie in tables of their own and name the same images.
        table = choices.labels if self.truth_kind == "condition" else None
        return replace(choices.query(), items_csv=table)

    def _show(self) -> None:
        in_folders = self.truth_kind == "condition" and not self.choices().labels
        self.form.offer_found(2 if in_folders else 1)
        self._show_power()

    def _show_power(self) -> None:
        self._show_what_can_run()
        on_own = self.truth_kind == "own"
        self.power.setText(ON_OWN_LABELS if on_own else "")
        if self.listed is None or not self.group.answered or on_own:
            return
        table, group = self.listed.items, self.group.shared
        assert table is not None
        number, margin = self.number.value(), self.margin.value() / 100
        classifier = self.choices().classifier
        self._power_lookup.ask(lambda: power_in_words(table, group, number, margin, classifier))

    def _say_power(self, words: str | None) -> None:
        if self.truth_kind != "own":
            self.power.setText(words or "")

    def _show_what_can_run(self) -> None:
        why = self.why_unusable()
        self.start_button.setEnabled(why is None)
        show_sentence(self.why_not, why or "")


def _spin_box(least: int, most: int, value: int, tooltip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(least, most)
    box.setValue(value)
    set_tool_tip(box, tooltip)
    return box


def power_in_words(
    table: ItemTable,
    group: str | None,
    number: int,
    margin: float,
    classifier: Path | None = None,
) -> str:
    """Return what so many images, spread over the groups, would show.

    The items may be too few. Groups that ``classifier`` has learnt from, by their names, are left
    out.
    """
    try:
        items = sharing(list(table.items), "group", group)
        if classifier is not None and classifier.is_file():
            sha256 = load_classifier(classifier, threads=1).sha256
            learnt = LearntFrom.of(classifier, sha256)
            items = [item for item in items if item.group not in learnt.groups]
    except ImageClassifierError as error:
        return str(error)
    if not items:
        return "The classifier has learnt from all of these groups; take images that it never saw."
    shown = min(number, len(items))
    n_groups = min(len({item.group or item.key for item in items}), shown)
    per_group, rest = divmod(shown, n_groups)
    sizes = [per_group + 1] * rest + [per_group] * (n_groups - rest)
    power = comparison_power(sizes, margin)
    groups = "" if n_groups == shown else f" of {n_groups} groups"
    words = (
        f"{shown} images{groups}: of a machine that is as good as you, {power.not_worse:.0%} of "
        f"such studies show that it is not worse by more than {100 * margin:.0f} points; of one "
        f"that is 20 points better, {power.better:.0%} show that it is better."
    )
    if power.not_worse < POWER:
        needed = images_needed(round(shown / n_groups), margin)
        words += f" For 80 %: about {needed} images, as many a group." if needed else ""
    return words
