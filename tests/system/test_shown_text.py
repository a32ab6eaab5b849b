"""system.shown_text: each character of a stranger's text is seen, and none acts."""

import io
import re
import sys

import pytest

from hostile.texts import HONEST, HOSTILE, acts
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.system.shown_text import (
    ReadableStream,
    check_names,
    never_html,
    readable,
    readable_lines,
    shortened,
    without_unseen,
    writable,
)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_of_a_hostile_text_acts(text):
    """It is one line, can be written in UTF-8, and is the same when it is made readable again."""
    shown = readable(text)
    assert not acts(shown)
    assert shown.encode()
    assert readable(shown) == shown
    assert not acts(re.sub("[\n\t]", "", readable_lines(text)))
    assert not acts(without_unseen(text))
    assert writable(text).encode()


@pytest.mark.parametrize("text", HONEST)
def test_real_scripts_stay_as_they_are(text):
    """With their joiners, accents and flags."""
    assert readable(text) == readable_lines(text) == never_html(text) == text
    assert without_unseen(text) == writable(text) == text
    check_names((text,), "class", ImageClassifierError, new=True)


def test_what_stands_for_a_character_is_its_number():
    """A byte of a name, a control character, and one beyond 65,535."""
    assert readable("\x1b[0m\udce9\u202e\U000e0041\ud800") == r"\x1b[0m\xe9\u202e\U000e0041\ud800"
    assert readable_lines("a\r\nb\tc\rd") == "a\nb\tc\\x0dd"


def test_the_middle_of_a_long_text_is_left_out():
    """It has as many characters as were asked for."""
    assert shortened("abcdefgh", 5) == "ab…gh"
    assert shortened("abcde", 5) == "abcde"
    assert len(shortened("x" * 5000, 80)) == 80


@pytest.mark.parametrize("text", ["\x00", "caf\udce9", "\ud800"])
@pytest.mark.parametrize("new", [True, False])
def test_a_name_that_is_no_text_is_no_name(text, new):
    """Neither of a new class, nor in a file."""
    with pytest.raises(ImageClassifierError, match="no text"):
        check_names(("control", text), "class", ImageClassifierError, new=new)


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", "a\u200bb", "\u202eb"])
def test_a_new_class_has_no_name_that_nobody_can_read(text):
    """A classifier of before, which may have such a name, is opened."""
    check_names((text,), "class", ImageClassifierError)
    with pytest.raises(ImageClassifierError, match="not seen") as refused:
        check_names((text,), "class", ImageClassifierError, new=True)
    assert readable(text) in str(refused.value)


def test_what_libraries_print_is_readable_too():
    """A stream passes on lines and tabs, and what it is asked for; Rich writes past it."""
    below = io.StringIO()
    stream = ReadableStream(below)
    print("\x1b[2Ja\tb\u202e", file=stream, flush=True)
    assert below.getvalue() == "\\x1b[2Ja\tb\\u202e\n"
    assert stream.rich_proxied_file is below
    assert not stream.isatty()
    assert ReadableStream(sys.__stderr__).fileno() == sys.__stderr__.fileno()
