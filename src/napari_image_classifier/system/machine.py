"""Versions, processor and cores: what a result may depend on besides images and settings."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of packages.

    Parameters
    ----------
    packages
        Their names, as pip knows them.

    Returns
    -------
    dict
        The version by name, of those that are installed.
    """
    versions = {}
    for name in packages:
        # TensorFlow has other names, such as tensorflow-cpu; a record is not worth failing for.
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def processor() -> str:
    """Return the name of the processor.

    Returns
    -------
    str
        Or at least the name of its kind.
    """
    return _processor_name() or platform.processor() or platform.machine()


def cores() -> int:
    """Return how many cores this process may use.

    Returns
    -------
    int
        At least 1.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor_name() -> str:
    # Python's own answer is empty on Linux, and “arm” on a Mac.
    if sys.platform == "linux":
        with suppress(OSError):
            return name_in_cpuinfo(Path("/proc/cpuinfo").read_text())
    if sys.platform == "darwin":
        asked = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        with suppress(OSError):
            return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return ""


def name_in_cpuinfo(text: str) -> str:
    """Return the name of the first processor in Linux's ``/proc/cpuinfo``, "" where it has none.

    Family and model are added, as clouds call processors that round otherwise by one name.
    """
    first = text.split("\n\n", maxsplit=1)[0]
    lines = (line.partition(":") for line in first.splitlines())
    fields = {name.strip(): value.strip() for name, _, value in lines}
    if "model name" not in fields:
        return ""
    numbers = [f"{name} {fields[name]}" for name in ("cpu family", "model") if name in fields]
    return f"{fields['model name']} ({', '.join(numbers)})" if numbers else fields["model name"]
