"""confinement: what a process that opens a stranger's files can't do any more."""

import json
import os
import subprocess
import sys

import pytest

ATTEMPTS = {
    "write": "open('new', 'w')",
    "append": "open('there', 'a')",
    "truncate": "os.truncate('there', 0)",
    "remove": "os.remove('there')",
    "rename": "os.rename('there', 'elsewhere')",
    "make a folder": "os.mkdir('folder')",
    "link": "os.symlink('there', 'link')",
    "write to home": "open(os.path.expanduser('~/.profile-of-a-test'), 'w')",
    "write to temporary files": "tempfile.TemporaryFile()",
    "start a program": "subprocess.run([sys.executable, '--version'])",
    "start it by exec": "os.execv('/bin/true', ['true'])",
    "reach a network": "socket.create_connection(('127.0.0.1', 9))",
    "send a datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "reach other programs": "socket.socket(socket.AF_UNIX)",
    "listen": "socket.socket(socket.AF_INET6)",
}
WORK = {
    "read": "open('there').read()",
    "look at a folder": "os.listdir('.')",
    "throw away": "open(os.devnull, 'w').write('x')",
    "say something": "sys.stderr.write('x')",
    "write what was open before": "before.write('x'); before.flush()",
    "start a thread": "threading.Thread(target=print).start()",
    "end itself": "os.kill(os.getpid(), 0)",
    "take memory": "bytearray(300_000_000)",
}
PROGRAM = """
import json, os, socket, subprocess, sys, tempfile, threading
from napari_image_classifier.system.confinement import confine
before = open("before", "w")
confine()
confine()
outcome = {}
for name, attempt in json.loads(sys.argv[1]).items():
    try:
        exec(attempt)
    except Exception as error:
        outcome[name] = type(error).__name__
    else:
        outcome[name] = "done"
sys.stderr.flush()
print("\\n" + json.dumps(outcome))
"""


def outcome_of(attempts, folder):
    (folder / "there").write_text("x", encoding="utf-8")
    command = [sys.executable, "-c", PROGRAM, json.dumps(attempts)]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(said.stdout.splitlines()[-1])


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has this without rights")
def test_what_is_not_needed_is_refused(tmp_path):
    """Files stay as they are, nothing is started, nobody is reached."""
    outcome = outcome_of(ATTEMPTS, tmp_path)
    if outcome["write"] == "done":
        pytest.skip("this kernel has no Landlock")
    temporary = outcome.pop("write to temporary files")
    assert temporary in ("PermissionError", "FileNotFoundError")
    assert outcome == dict.fromkeys(outcome, "PermissionError")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["before", "there"]


def test_what_is_needed_goes_on(tmp_path):
    """On every system, and confined twice."""
    assert outcome_of(WORK, tmp_path) == dict.fromkeys(WORK, "done")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_has_a_limit_that_honest_images_do_not_meet(tmp_path):
    """Nine tenths of the computer's: more is an error in this process, not the end of another."""
    outcome = outcome_of({"all": "bytearray(os.sysconf('SC_PHYS_PAGES') * 4096)"}, tmp_path)
    assert outcome == {"all": "MemoryError"}
    assert os.sysconf("SC_PAGE_SIZE") == 4096
