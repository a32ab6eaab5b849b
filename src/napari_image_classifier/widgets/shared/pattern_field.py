"""The name pattern that makes images of files, and the images that it makes of a folder."""

from collections.abc import Sequence
from itertools import groupby

from qtpy.QtCore import Signal
from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import (
    QAbstractItemView,
    QMenu,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QWidget,
)

from napari_image_classifier.images.names.composition import Composition
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.images.names.presets import NAME_PRESETS
from napari_image_classifier.widgets.qt.dock import Folded, let_be_cut_off
from napari_image_classifier.widgets.qt.parts import in_a_row, line_edit, wrapped
from napari_image_classifier.widgets.qt.plain_text import in_cell, in_label, on_button, set_tool_tip

TITLE = "One image in several files"
ROWS_SHOWN = 100
TOOLTIP = (
    "Only where a microscope writes one file per channel or plane: the file names with fields in "
    "braces, for example {well}_s{site}_w{channel}.tif. Files that differ in {channel}, {z} or "
    "{time} alone become one image; other fields, such as {well}, become columns; {*} stands for "
    "any text that says nothing. Empty: each file is one image."
)


class PatternField(Folded):
    """A folded-away name pattern with proposals, presets and a table of what it makes."""

    pattern_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(TITLE, parent=parent)
        self.edit = line_edit("each file is one image", TOOLTIP)
        self.edit.editingFinished.connect(self._tell_if_changed)
        self._told = ""
        self._chooser = QToolButton()
        self._chooser.setText("Choose ▾")
        set_tool_tip(self._chooser, "Patterns that fit the names found, and those of microscopes.")
        self._chooser.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self._chooser)
        self._menu.setToolTipsVisible(True)
        self._chooser.setMenu(self._menu)
        self._hint = wrapped()
        let_be_cut_off(self._hint)
        self._plates = _plates()
        self.table = _table()
        row = in_a_row(self.edit, self._chooser)
        row.setStretch(0, 1)
        self.inside.addLayout(row)
        self.inside.addWidget(self._hint)
        self.inside.addWidget(self._plates)
        self.inside.addWidget(self.table)
        self.set_proposals(())

    @property
    def pattern(self) -> str | None:
        """The pattern; None where each file is one image."""
        return self.edit.text().strip() or None

    def set_pattern(self, text: str) -> None:
        """Fill the pattern in as if it were typed."""
        self.edit.setText(text)
        self._tell_if_changed()

    @property
    def text_shown(self) -> str:
        """What stands below the pattern: what it makes, its plates, and what is open."""
        return "\n".join(filter(None, (self._hint.text(), self._plates.toPlainText())))

    def set_proposals(self, patterns: Sequence[str], question: str = "") -> None:
        """Offer ``patterns``, best first, before the presets of the microscopes.

        ``question`` is what names leave open, "" for nothing.
        """
        self._menu.clear()
        self._offer("each file is one image", "")
        for text in patterns:
            self._offer(f"{text}   (fits these names)", text)
        self._menu.addSeparator()
        for microscope, presets in groupby(NAME_PRESETS, lambda preset: preset.family):
            menu = self._menu.addMenu(on_button(microscope))
            menu.setToolTipsVisible(True)
            for preset in presets:
                self._offer(
                    f"{preset.microscope}:   {preset.pattern}",
                    preset.pattern,
                    f"For names like {preset.examples[0]}; documented in {preset.source.title}, "
                    f"{preset.source.address}",
                    menu,
                )
        several = bool(patterns) and self.pattern is None
        joined = (
            f"These names look like several files per image: {patterns[0]} would join them."
            if several
            else ""
        )
        hints = [joined, question] if self.pattern is None else []
        self._hint.setText("\n".join(filter(None, hints)))
        self._hint.setVisible(any(hints))
        self._plates.hide()
        self.set_title(TITLE + (" – perhaps here" if any(hints) else ""))

    def show_images(self, images: Sequence[ImageFiles], composed: Composition | None) -> None:
        """List some of the images that the pattern makes, and show what it makes of all files."""
        fields = list(dict.fromkeys(name for image in images for name in image.fields))
        self.table.setVisible(self.pattern is not None)
        if self.pattern is None or composed is None:
            return
        self._hint.setText("\n".join([composed.sentence, *composed.doubts]))
        self._hint.show()
        self._plates.setPlainText(in_label("\n\n".join(composed.plates)))
        self._plates.setVisible(bool(composed.plates))
        shown = images[:ROWS_SHOWN]
        self.table.setColumnCount(3 + len(fields))
        self.table.setHorizontalHeaderLabels(["image", *map(in_cell, fields), "files", "missing"])
        self.table.setRowCount(len(shown))
        for row, image in enumerate(shown):
            parts = [part.path.name for part in image.parts]
            texts = [image.name, *(image.fields.get(name, "") for name in fields),
                     str(len(parts)), ", ".join(image.missing)]  # fmt: skip
            for column, text in enumerate(texts):
                item = QTableWidgetItem(in_cell(text))
                set_tool_tip(item, "\n".join(parts) if column == 0 else text)
                self.table.setItem(row, column, item)
        self.table.resizeColumnsToContents()

    def _offer(self, words: str, text: str, tooltip: str = "", menu: QMenu | None = None) -> None:
        action = (menu or self._menu).addAction(on_button(words))
        set_tool_tip(action, tooltip or words)
        action.triggered.connect(lambda: self.set_pattern(text))

    def _tell_if_changed(self) -> None:
        # Qt says "editing finished" when the focus goes elsewhere, too.
        if self.edit.text() != self._told:
            self._told = self.edit.text()
            self.pattern_changed.emit(self._told)


def _plates() -> QPlainTextEdit:
    plates = QPlainTextEdit()
    plates.setReadOnly(True)
    plates.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    # Columns stand below each other in letters of one width only.
    plates.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    plates.setMaximumHeight(150)
    plates.hide()
    return plates


def _table() -> QTableWidget:
    table = QTableWidget()
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setMaximumHeight(150)
    table.verticalHeader().hide()
    set_tool_tip(table, "The images that the pattern makes of the files; nothing has run yet.")
    table.hide()
    return table
