"""widgets.qt.plain_text: windows show names of strangers as they are, letter by letter."""

import ast
import importlib.util
from pathlib import Path

import pytest
from markupsafe import Markup
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMessageBox, QToolTip

from helpers.shown_widgets import assert_plain
from hostile.texts import HONEST, HOSTILE, acts
from napari_image_classifier.system.shown_text import never_html, readable, readable_lines
from napari_image_classifier.widgets.qt.dock import coloured_dot
from napari_image_classifier.widgets.qt.parts import (
    button,
    check_box,
    choice,
    pixmap,
    wrapped,
)
from napari_image_classifier.widgets.qt.plain_text import (
    WIDEST_WORD,
    Label,
    as_tool_tip,
    asked,
    on_button,
    on_canvas,
    set_tool_tip,
    show_tool_tip,
)

WIDGETS = Path(importlib.util.find_spec("napari_image_classifier").origin).parent / "widgets"
# By what Qt calls it: what is made, or given a text, in plain_text alone.
MADE_THERE = {"QLabel", "QMessageBox", "QToolTip", "setToolTip", "setTextFormat", "setHtml",
              "QTextBrowser", "QTextEdit", "setStatusTip", "setWhatsThis"}  # fmt: skip


@pytest.mark.parametrize("path", sorted(WIDGETS.rglob("*.py")), ids=lambda path: path.stem)
def test_no_other_module_gives_such_texts(path):
    """What Qt guesses the kind of is made in one place."""
    if path.name == "plain_text.py":
        return
    called = {
        getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    }
    assert not called & MADE_THERE


def test_no_text_of_a_label_is_guessed(qapp):
    """Whatever it is; a text of our own in HTML has names that are escaped."""
    label = wrapped()
    for text in (*HOSTILE, *HONEST):
        label.setText(text)
        assert label.textFormat() == Qt.TextFormat.PlainText
        assert not acts(label.text().replace("\n", "").replace("\t", ""))
        assert label.minimumSizeHint().width() <= WIDEST_WORD
        if len(text) < 4000:
            assert label.text() == readable_lines(text)
    label.setText(Markup("<b>{}</b>").format("<img src=x>"))
    assert label.textFormat() == Qt.TextFormat.RichText
    assert label.text() == "<b>&lt;img src=x&gt;</b>"
    assert "<img" not in coloured_dot("#000000", "<img src=x>")
    assert Label("<b>").textFormat() == Qt.TextFormat.PlainText


@pytest.mark.parametrize("text", (*HOSTILE, *HONEST), ids=ascii)
def test_tool_tips_are_no_html_of_a_stranger(text, qapp):
    """What Qt would take for HTML is given to it as such, escaped."""
    shown = as_tool_tip(text)
    assert shown.startswith("<qt>") == Qt.mightBeRichText(shown)
    inside = shown.removeprefix("<qt>").removesuffix("</qt>").replace("<br>", "")
    if shown != inside:
        assert "<" not in inside
    assert not acts(shown.replace("\n", "").replace("\t", ""))
    assert max(map(len, shown.split("\n"))) <= 1300


@pytest.mark.parametrize("text", (*HOSTILE, *HONEST), ids=ascii)
def test_napari_takes_none_for_html(text):
    """Whatever it writes before and behind."""
    shown = never_html(text)
    for around in (shown, f"cells [1 2]: {shown}; x>", f"{shown}>", f"a {shown}/>"):
        assert not Qt.mightBeRichText(around)
    assert max(map(len, on_canvas(text).split("\n"))) <= 80


def test_an_ampersand_on_a_button_is_no_key(qapp):
    """Nor is it lost."""
    for made in (button("A & B"), check_box("A & B")):
        assert made.text() == "A && B"
        assert made.shortcut().isEmpty()
    assert on_button("x" * 5000).count("x") < 100


def test_parts_have_plain_tool_tips(qapp):
    """Buttons, fields and choices, and those that are shown at the mouse."""
    text = "<img src=/tmp/x.png>"
    box = choice({1: "<b>", 2: "\x1b[31m"}, text)
    assert [box.itemText(place) for place in range(2)] == ["<b>", r"\x1b[31m"]
    for made in (button(text, text), check_box(text, text), wrapped(text, text), box):
        assert_plain(made)
    label = wrapped()
    set_tool_tip(label, text)
    assert "<img" not in label.toolTip()
    show_tool_tip(label.pos(), text, label)
    assert "<img" not in QToolTip.text()
    QToolTip.hideText()


def test_a_question_is_plain(qtbot, monkeypatch):
    """Yes is yes."""
    asked_in = []

    def answered(box):
        asked_in.append((box.text(), box.textFormat()))
        return QMessageBox.StandardButton.Yes

    monkeypatch.setattr(QMessageBox, "exec", answered)
    label = wrapped()
    qtbot.addWidget(label)
    assert asked(label, "Merge", "Is <img src=/tmp/x.png> “A & B”?")
    assert asked_in == [("Is <img src=/tmp/x.png> “A & B”?", Qt.TextFormat.PlainText)]


def test_what_is_no_picture_is_none(qapp):
    """A name is never opened as one."""
    assert pixmap(readable("/tmp/x.png").encode()).isNull()
