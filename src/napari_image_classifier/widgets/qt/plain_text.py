"""Texts in windows: what a stranger has written is shown as it is, letter by letter.

Qt takes a text with something like a tag in it for HTML, in labels, tool tips and message boxes: it
would load a picture from a path or an address, and leave out what it does not know. It takes "&"
on buttons for a key. Only here are such widgets given texts; a test looks at all other modules.
HTML of our own is `Markup`, whose ``format`` and ``join`` escape what they put in.
"""

import textwrap
from typing import Any

from markupsafe import Markup
from qtpy.QtCore import QPoint, QSize, Qt
from qtpy.QtWidgets import QLabel, QMessageBox, QToolTip, QWidget

from napari_image_classifier.system.shown_text import readable, readable_lines, shortened

# In letters; a whole sentence on a file whose name is as long as names may be is shorter.
LONGEST_TEXT, LONGEST_LINE, LONGEST_ON_BUTTON = 4000, 200, 80
# In pixels; longer words are cut off rather than the dock made wider than the window.
WIDEST_WORD = 300


class Label(QLabel):
    """A label that shows a text as it is, and only `Markup` as HTML.

    Parameters
    ----------
    text
        What it shows.
    parent
        As Qt's.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)

    def setText(self, text: str | None) -> None:  # noqa: N802 - Qt's name
        """Show a text."""
        is_markup = isinstance(text, Markup)
        self.setTextFormat(Qt.TextFormat.RichText if is_markup else Qt.TextFormat.PlainText)
        # Not the Markup itself: its methods would escape what somebody does with the text.
        super().setText(readable_lines(str(text)) if is_markup else in_label(text or ""))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a width that no word of a stranger makes wider than the window."""
        size = super().minimumSizeHint()
        return QSize(min(size.width(), WIDEST_WORD), size.height())


def in_label(text: str) -> str:
    """Return a text as a label shows it, lines kept.

    Parameters
    ----------
    text
        Any.

    Returns
    -------
    str
        Without characters that act or can't be seen.
    """
    return shortened(readable_lines(text), LONGEST_TEXT)


def in_cell(text: str) -> str:
    """Return a text as a cell, a list or a choice shows it, in one line.

    Parameters
    ----------
    text
        Any.

    Returns
    -------
    str
        Without characters that act or can't be seen.
    """
    return shortened(readable(text), LONGEST_TEXT)


def on_button(text: str) -> str:
    """Return a text for a button, a box to check, a tab or a menu, where "&" names no key.

    Parameters
    ----------
    text
        Any.

    Returns
    -------
    str
        What Qt is given.
    """
    return shortened(readable(text), LONGEST_ON_BUTTON).replace("&", "&&")


def as_tool_tip(text: str) -> str:
    """Return a text for a tool tip, whose kind Qt always guesses.

    Parameters
    ----------
    text
        Any; its lines are kept.

    Returns
    -------
    str
        The text itself where Qt would take it for one, else it in HTML.
    """
    lines = [
        part
        for line in in_label(text).split("\n")
        for part in (textwrap.wrap(line, LONGEST_LINE) if len(line) > LONGEST_LINE else [line])
    ]
    shown = "\n".join(lines)
    if not Qt.mightBeRichText(shown):
        return shown
    return f"<qt>{Markup('<br>').join(lines)}</qt>"


def set_tool_tip(thing: Any, text: str) -> None:
    """Give a widget, an action or an item a tool tip.

    Parameters
    ----------
    thing
        What has ``setToolTip``.
    text
        Any.
    """
    thing.setToolTip(as_tool_tip(text))


def show_tool_tip(at: QPoint, text: str, widget: QWidget) -> None:
    """Show a tool tip at a place of the screen; "" hides what is shown.

    Parameters
    ----------
    at
        The place.
    text
        Any.
    widget
        Which it belongs to.
    """
    QToolTip.showText(at, as_tool_tip(text), widget)


def asked(parent: QWidget, title: str, question: str) -> bool:
    """Ask a question and wait for the answer.

    Parameters
    ----------
    parent
        Of the dialog.
    title
        Of its window.
    question
        What is answered with yes or no.

    Returns
    -------
    bool
        Whether it was yes.
    """
    buttons = QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No
    icon = QMessageBox.Icon.Question
    box = QMessageBox(icon, title, in_label(question), buttons, parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    return box.exec() == QMessageBox.StandardButton.Yes


def on_canvas(text: str) -> str:
    """Return a text for napari's canvas, lines kept, each so short that it can be seen.

    Parameters
    ----------
    text
        Such as what an image is called, and below it its class.

    Returns
    -------
    str
        Without characters that can't be drawn.
    """
    lines = in_label(text).split("\n")
    return "\n".join(shortened(line, LONGEST_ON_BUTTON) for line in lines)
