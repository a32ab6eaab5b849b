"""Files that are whole or not there."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from napari_image_classifier.system import atomic_files
from napari_image_classifier.system.atomic_files import SECONDS_UNTIL_ABANDONED, replace_file

pytestmark = pytest.mark.usefixtures("really_flushed_files")


def test_new_content_takes_the_place_of_the_old(tmp_path):
    """A block that ends well leaves the new file and nothing else."""
    path = tmp_path / "result.csv"
    path.write_text("old")
    with replace_file(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_old_content_outlives_a_failure(tmp_path):
    """A block that raises leaves the old file as it was, and no temporary one."""
    path = tmp_path / "result.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), replace_file(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


WRITE_AND_BE_KILLED = """
import os, signal, sys
from pathlib import Path
from napari_image_classifier.system.atomic_files import replace_file
with replace_file(Path(sys.argv[1])) as temporary:
    temporary.write_text("half of the n")
    print(temporary, flush=True)
    sys.stdin.read()
"""


def test_what_killed_processes_were_writing_is_cleared_away(tmp_path):
    """When something is next written there; what a living process writes stays."""
    path = tmp_path / "result.csv"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE_AND_BE_KILLED, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(2)
    ]
    killed, living = (Path(writer.stdout.readline().strip()) for writer in writers)
    writers[0].kill()
    writers[0].communicate()
    assert killed.exists()
    with replace_file(path) as temporary:
        temporary.write_text("new")
    assert not killed.exists()
    assert living.read_text() == "half of the n"
    writers[1].communicate()
    assert path.read_text() == "half of the n"
    assert list(tmp_path.iterdir()) == [path]


def test_what_other_computers_were_writing_is_left_for_a_day(tmp_path):
    """On a drive that many use, nobody knows which of their processes live."""
    fresh, old = (tmp_path / f".writing-0123abcd-7-{name}.csv" for name in ("fresh", "old"))
    for path in (fresh, old):
        path.write_text("half")
    os.utime(old, (time.time() - 2 * SECONDS_UNTIL_ABANDONED,) * 2)
    with replace_file(tmp_path / "result.csv") as temporary:
        temporary.write_text("new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [fresh.name, "result.csv"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")
def test_files_of_other_threads_keep_their_permissions(tmp_path, monkeypatch):
    """What a thread creates while a table is written is no more open than at other times."""
    set_umask = os.umask

    def set_slowly(mask):
        before = set_umask(mask)
        time.sleep(0.01)
        return before

    monkeypatch.setattr(os, "umask", set_slowly)
    usual = tmp_path / "usual"
    usual.touch()
    over = threading.Event()
    created = []

    def create():
        folder = tmp_path / f"of {threading.get_ident()}"
        folder.mkdir()
        while not over.is_set():
            path = folder / f"{len(created)}"
            path.touch()
            created.append(path)

    threads = [threading.Thread(target=create) for _ in range(3)]
    for thread in threads:
        thread.start()
    result = tmp_path / "result.csv"
    for _ in range(50):
        with replace_file(result) as temporary:
            temporary.write_text("new")
    over.set()
    for thread in threads:
        thread.join()
    modes = {path.stat().st_mode for path in (usual, result, *created)}
    assert modes == {usual.stat().st_mode}


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")
@pytest.mark.parametrize(("mask", "mode"), [("077", 0o600), ("002", 0o664), ("022", 0o644)])
def test_results_have_the_permissions_of_all_new_files(tmp_path, mask, mode):
    """What the umask of the process forbids, the result forbids too."""
    path = tmp_path / "result.csv"
    write = (
        "import sys, pathlib\n"
        "from napari_image_classifier.system.atomic_files import replace_file\n"
        "with replace_file(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('new')\n"
    )
    asked = [f'umask {mask}; exec "$@"', "sh", sys.executable, "-c", write, str(path)]
    subprocess.run(["sh", "-c", *asked], check=True)
    assert path.stat().st_mode & 0o777 == mode


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux has containers")
@pytest.mark.parametrize("other", ["boot", "processes"])
def test_containers_keep_each_others_unfinished_files(tmp_path, monkeypatch, other):
    """They may have one name, and processes of the same numbers."""
    atomic_files._this_computer.cache_clear()
    if other == "boot":
        monkeypatch.setattr(Path, "read_text", lambda *_, **__: "another boot")
    else:
        monkeypatch.setattr(Path, "readlink", lambda *_: Path("pid:[42]"))
    theirs = atomic_files.this_process().partition("-")[0]
    monkeypatch.undo()
    atomic_files._this_computer.cache_clear()
    # Of no process here.
    unfinished = tmp_path / f".writing-{theirs}-{2**22 + 1}-0123abcd.csv"
    unfinished.write_text("half")
    with replace_file(tmp_path / "result.csv") as temporary:
        temporary.write_text("new")
    assert unfinished.read_text() == "half"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_only_files_are_replaced(tmp_path):
    """No folder, pipe or device, also by a link."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for name in ("folder", "pipe", "link", "/dev/null"):
        with pytest.raises(OSError, match="it is a"), replace_file(tmp_path / name):
            pass
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link", "pipe"]
