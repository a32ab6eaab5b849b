"""Audit of what programs do with the network, recorded by Python's own hooks."""

import json
import os

# Goes into every Python that is started: Python tells a hook whatever touches a socket.
SITE = """
import json, os, sys

def hook(name, arguments, _open=os.open, _write=os.write):
    if not name.startswith(("socket.", "urllib.", "http.client", "ftplib.", "smtplib.")):
        return
    if name == "socket.__new__" and int(arguments[1]) == 1:  # AF_UNIX: the screen's
        return
    if name in ("socket.bind", "socket.connect", "socket.sendto") and isinstance(
        arguments[-1], (str, bytes)
    ):
        return
    entry = json.dumps({"program": sys.orig_argv, "event": name, "what": repr(arguments)})
    _write(_log, entry.encode() + b"\\n")

_log = os.open(os.environ["AUDIT_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
os.write(_log, json.dumps({"started": sys.orig_argv}).encode() + b"\\n")
sys.addaudithook(hook)
"""


def environment_with_audit(folder):
    """Return an environment in which every Python records its use of the network, in ``folder``."""
    (folder / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    before = os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join([str(folder), *filter(None, before.split(os.pathsep))])
    return {**os.environ, "PYTHONPATH": path, "AUDIT_LOG": str(folder / "audit.jsonl")}


def read_audit(folder):
    """Return the command lines of all Pythons, and what they did with the network."""
    lines = (folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    started = [entry["started"] for entry in entries if "started" in entry]
    return started, [entry for entry in entries if "event" in entry]
