"""cli.progress: what the commands write is text, whatever names stand in it."""

import io
import re
import subprocess
import sys
import warnings

import pytest
import typer

from hostile.texts import HONEST, HOSTILE, acts
from napari_image_classifier.cli import app as command_line
from napari_image_classifier.cli import commands
from napari_image_classifier.cli.describe import in_lines
from napari_image_classifier.cli.progress import Progress, readable_streams, say
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.system.events import Note
from napari_image_classifier.system.events import Progress as Stage
from napari_image_classifier.system.shown_text import readable, readable_lines

# What Rich writes by itself: colours, the cursor, lines cleared.
OF_RICH = re.compile(r"\x1b\[(\d+(;\d+)*m|\?25[lh]|\d?[AKJ])|\r")
NAMES = (*HOSTILE, *HONEST)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize("err", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_sentences_are_written_as_far_as_a_terminal_can(err, encoding, monkeypatch):
    """Every name, also by one that knows few letters."""
    below = io.BytesIO()
    stream = io.TextIOWrapper(below, encoding=encoding, newline="\n")
    monkeypatch.setattr(sys, "stderr" if err else "stdout", stream)
    with readable_streams():
        for name in NAMES:
            say(f"The class {name}.", err=err)
    written = below.getvalue().decode(encoding)
    assert not acts(re.sub("[\n\t]", "", written))
    if encoding == "utf-8":
        assert written == "".join(f"The class {readable_lines(name)}.\n" for name in NAMES)


def test_progress_is_no_markup_and_moves_nothing_else():
    """On a terminal: a bar, with notes above it that stay."""
    terminal = Terminal()
    with Progress(terminal) as progress:
        for name in (*NAMES, "[bold]", ":star:"):
            progress.hear(Note(name))
            progress.hear(Stage(done=1, total=2, stage=name))
            progress.show(name, 1, 2)
    written = OF_RICH.sub("", terminal.getvalue())
    assert not acts(re.sub("[\n\t]", "", written))
    assert "[bold]" in written
    assert ":star:" in written


def test_warnings_and_tracebacks_are_readable(capsys):
    """Those of libraries, that name a file."""
    with readable_streams():
        sys.stderr.write(warnings.formatwarning("\x1b[2J.tif", UserWarning, "a.py", 1))
        print("\x9b2J", file=sys.stderr)  # noqa: T201
    assert capsys.readouterr().err.endswith("UserWarning: \\x1b[2J.tif\n\\x9b2J\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["describe", "\x1b[31m.tif"],
        ["describe", "a.tif", "\x1b[31mb.tif"],
        ["describe", "--\x1b[31mc.tif"],
        ["\x1b[31m"],
        ["summarize", "\x1b[31m.csv"],
        ["classify", "\x1b[31m", "--classifier", "x\x1b[31m.keras", "--output", "o.csv"],
    ],
)
def test_what_is_wrong_with_arguments_is_readable(arguments, monkeypatch, capsys, tmp_path):
    """A shell fills in names of files, and a star takes all of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["napari-image-classifier", *arguments])
    with pytest.raises(SystemExit):
        command_line.main()
    written = "".join(capsys.readouterr())
    assert "\\x1b[31m" in re.sub(r"[│\s]", "", written)
    assert "\x1b" not in written


def test_an_error_that_nobody_expected_is_readable_with_its_traceback(monkeypatch, capsys):
    """It may quote a file."""
    made = typer.Typer()

    @made.command()
    def fail() -> None:
        raise ValueError("\x1b]0;title\x07")

    monkeypatch.setattr(commands, "app", made)
    monkeypatch.setattr(sys, "argv", ["napari-image-classifier", "--debug"])
    with pytest.raises(SystemExit):
        command_line.main()
    written = capsys.readouterr().err
    assert "\\x1b]0;title\\x07" in written
    assert not acts(written.replace("\n", ""))


def test_a_description_has_a_line_for_each_value():
    """No name begins another line, or another value."""
    text = in_lines({"class_names": ["a\nsha256: 0", "\x1b[31m"], "training": {"k\ney": "v\n"}})
    assert text.split("\n") == [
        f"class names: a\\x0asha256: 0, {readable(chr(27))}[31m", "training:", "  k\\x0aey: v\\x0a"
    ]  # fmt: skip


def test_an_error_that_is_expected_names_its_file_readably(monkeypatch, capsys):
    """As one sentence."""
    made = typer.Typer()

    @made.command()
    def fail() -> None:
        raise ImageClassifierError("\u202egpj.exe is no image.")

    monkeypatch.setattr(commands, "app", made)
    monkeypatch.setattr(sys, "argv", ["napari-image-classifier"])
    with pytest.raises(SystemExit):
        command_line.main()
    assert capsys.readouterr().err == "\\u202egpj.exe is no image.\n"


def test_what_a_child_prints_is_readable():
    """Its stderr is that of the command."""
    code = (
        "import sys\n"
        "from napari_image_classifier.system.child_process import JSON, connected\n"
        "connected(JSON)\n"
        "print('\\x1b[2J', file=sys.stderr, flush=True)\n"
    )
    # It ends when nobody can speak to it any more.
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stderr.readline() == b"\\x1b[2J\n"
        child.kill()
