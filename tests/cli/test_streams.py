"""cli.streams and cli.interruption: the command where streams, signals and memory are odd."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="streams are closed by a shell")

PROGRAM = "import sys; from napari_image_classifier.cli.app import main; main()"
# A signal while the commands are loaded, and one in a finalizer, where it is lost.
WHILE_LOADING = """
import signal, sys
from napari_image_classifier.cli import app
app.import_module = lambda name: signal.raise_signal(signal.{signal})
app.main()
"""
IN_A_FINALIZER = """
import signal, time
from napari_image_classifier.cli import app
class Last:
    def __del__(self):
        signal.raise_signal(signal.{signal})
def load(name):
    Last()
    time.sleep(20)
app.import_module = load
app.main()
"""


def in_shell(redirections, *arguments, code=PROGRAM):
    """Run the program as a shell does that redirects its streams."""
    command = f'"$0" -c "$1" "${{@:2}}" {redirections}'
    return subprocess.run(
        ["bash", "-c", command, sys.executable, code, *map(str, arguments)],
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("redirections", "status"),
    [("2>&-", 0), (">&-", 0), (">&- 2>&-", 0), ("<&- >&- 2>&-", 0), ("2>/dev/full", 0),
     ("| true; exit ${PIPESTATUS[0]}", 0), (">/dev/full", 1)],
)  # fmt: skip
def test_what_is_printed_is_not_worth_the_work(redirections, status, tmp_path):
    """Closed streams, full disks and readers that leave: the table is written, without a word."""
    if "/dev/full" in redirections and not os.path.exists("/dev/full"):  # noqa: PTH110
        pytest.skip("there is no full disk")
    table = tmp_path / "p.csv"
    table.write_text("file,item,status,class,confidence,p_a,message,well\n1.tif,,ok,a,1,1,,A1\n")
    done = in_shell(redirections, "summarize", table)
    assert done.returncode == status, done.stderr
    assert (tmp_path / "p.by-well.csv").read_text().startswith("well,items")
    assert "Traceback" not in done.stderr
    assert ("can't be written" in done.stderr) == (status == 1)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("code", [WHILE_LOADING, IN_A_FINALIZER])
def test_a_signal_is_a_sentence_and_a_status(name, code):
    """Whatever the program is at, also before its commands are there."""
    done = in_shell("", code=code.format(signal=name))
    assert done.stderr == "Stopped; what was done is kept.\n"
    assert done.returncode == 128 + getattr(signal, name)


@pytest.mark.parametrize(("given", "named"), [
    (["describe", ""], "An argument"), (["classify", "--output", ""], "--output"),
    (["train", "--axes="], "--axes"),
])  # fmt: skip
def test_an_empty_argument_is_refused(given, named):
    """An empty path would be the folder one works in."""
    done = in_shell("", *given)
    assert done.returncode == 2
    assert named in done.stderr


def test_too_little_memory_is_a_sentence():
    """With less, libraries hang or crash."""
    done = subprocess.run(
        ["bash", "-c", 'ulimit -v 600000; exec "$0" -c "$1" info', sys.executable, PROGRAM],
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "ulimit -v" in done.stderr
