"""Classes with counts and thumbnails, channels and assumptions of a folder or table."""

from collections.abc import Mapping

from qtpy.QtCore import Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

from napari_image_classifier.items.reading import EACH_STANDS_ALONE
from napari_image_classifier.items.survey import Survey, Thumbnail
from napari_image_classifier.widgets.qt.parts import pixmap, stacked, wrapped
from napari_image_classifier.widgets.qt.plain_text import Label, Markup, in_cell, set_tool_tip
from napari_image_classifier.widgets.qt.progress_row import show_sentence
from napari_image_classifier.wording import counted, counts_of, first_few

SIDE = 48
THUMBNAILS_PER_CLASS = 4
TALLEST = 240
SIZES_NAMED = 3


class SurveyView(QWidget):
    """A row per class, and sentences below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thumbnails: dict[str, list[QPixmap]] = {}
        self._pictures: dict[str, list[Label]] = {}
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.notes, self._problems = wrapped(), wrapped()
        stacked(self, self._scroll, self.notes, self._problems)
        self.clear()

    def clear(self, note: str = "", problem: str = "") -> None:
        """Forget everything, thumbnails too; a note or a problem stands in its place."""
        self._thumbnails.clear()
        self._show_classes({}, {})
        self._show_sentences(note, problem)

    def _show_sentences(self, note: str, problem: str) -> None:
        show_sentence(self.notes, note)
        show_sentence(self._problems, problem, error=True)

    def add_thumbnail(self, thumbnail: Thumbnail) -> None:
        """Keep a thumbnail, and show it where its class has a row."""
        name = thumbnail.class_name or ""
        self._thumbnails.setdefault(name, []).append(pixmap(thumbnail.png))
        self._fill_pictures(name)

    def show_survey(self, survey: Survey) -> None:
        """Show what was found."""
        self._show_classes(survey.classes, survey.groups)
        self._show_sentences("\n".join(_notes(survey)), "\n".join(survey.problems))

    def _show_classes(self, counts: Mapping[str, int], groups: Mapping[str, int]) -> None:
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        self._pictures.clear()
        for row, (name, count) in enumerate(sorted(counts.items())):
            words = Markup("<b>{}</b><br>{}").format(in_cell(name), counted(count, "image"))
            if groups.get(name, count) != count:
                words += Markup("<br>{}").format(counted(groups[name], "group"))
            title = Label(words)
            set_tool_tip(title, name)
            title.setMaximumWidth(150)
            grid.addWidget(title, row, 0)
            self._pictures[name] = [Label() for _ in range(THUMBNAILS_PER_CLASS)]
            for column, label in enumerate(self._pictures[name], start=1):
                label.setObjectName("thumbnail")
                label.setFixedSize(SIDE, SIDE)
                grid.addWidget(label, row, column)
            self._fill_pictures(name)
        grid.setColumnStretch(0, 1)
        self._scroll.setWidget(inside)
        self._scroll.setFixedHeight(min(TALLEST, len(counts) * (SIDE + 6)))
        self._scroll.setVisible(bool(counts))

    def _fill_pictures(self, name: str) -> None:
        labels, pictures = self._pictures.get(name, ()), self._thumbnails.get(name, ())
        for label, picture in zip(labels, pictures, strict=False):
            label.setPixmap(picture)


def _notes(survey: Survey) -> list[str]:
    notes = []
    if survey.channels:
        named = "" if survey.channels_named else " (the files name none)"
        notes.append(f"Channels: {', '.join(survey.channels)}{named}.")
    if survey.sizes:
        notes.append(f"Sizes: {first_few(survey.sizes, SIZES_NAMED)}.")
    if survey.without_class:
        notes.append(f"{counted(survey.without_class, 'image')} without a class.")
    if survey.passed_over:
        notes.append(f"Passed over: {counts_of(survey.passed_over)}.")
    # Which images stand alone is asked below, in so many words.
    # So is what the name pattern leaves open, beside the pattern.
    elsewhere = {EACH_STANDS_ALONE, *(survey.composed.doubts if survey.composed else ())}
    return [*notes, *(text for text in survey.assumptions if text not in elsewhere)]
