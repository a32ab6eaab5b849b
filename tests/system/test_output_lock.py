"""Locks of outputs: one holder at a time, also where files are removed and drives have no locks."""

import errno
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from napari_image_classifier.system.output_lock import LockedError, RunningError, locked, only_run

HOLD = """
import os, random, sys, time
from pathlib import Path
from napari_image_classifier.system.output_lock import LockedError, locked
output, together = Path(sys.argv[1]), 0
for _ in range(60):
    try:
        with locked(output, 0.002):
            try:
                os.close(os.open(f"{output}.held", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                together += 1
                continue
            time.sleep(random.random() / 2000)
            os.unlink(f"{output}.held")
    except LockedError:
        pass
sys.exit(together > 0)
"""


def test_one_process_at_a_time(tmp_path):
    """Though each removes the lock while others wait for it; nothing is left."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "p.csv")]
    processes = [subprocess.Popen(command) for _ in range(8)]
    assert [process.wait(60) for process in processes] == [0] * 8
    assert not list(tmp_path.glob("*.held"))


def test_outputs_that_share_a_side_file_are_written_one_after_the_other(tmp_path):
    """Such as a.csv and a.txt, whose manifests have one name."""
    manifest = tmp_path / "a.manifest.json"
    other = only_run(tmp_path / "a.txt", manifest)
    refused = pytest.raises(RunningError, match=r"a\.manifest\.json")
    with only_run(tmp_path / "a.csv", manifest), refused, other:
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="Windows has locks on every drive")
@pytest.mark.parametrize("error", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_drives_without_locks(tmp_path, monkeypatch, error):
    """One holder all the same; what a process that is gone held is taken over."""
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", refuse)
    output = tmp_path / "p.csv"
    with locked(output):
        (held,) = tmp_path.glob("*.locked")
        writer = held.read_text()
        with pytest.raises(LockedError), locked(output):
            pass
        assert held.exists()
    computer = writer.partition("-")[0]
    held.write_text(f"{computer}-{2**22 + random.randrange(1000)}")
    with locked(output):
        pass
    assert [path for path in tmp_path.iterdir() if path != Path(output)] == []
