"""No version that this package depends on and that is installed is known to be vulnerable.

The weekly workflow asks for all that is installed; this asks for what the package names itself.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires, version

import pytest

PACKAGE = "napari-image-classifier"
NAME = re.compile(r"[A-Za-z0-9._-]+")


def installed():
    """Each direct dependency that is installed here, with its version."""
    for requirement in requires(PACKAGE):
        if "extra ==" not in requirement:
            name = NAME.match(requirement).group()
            try:
                yield f"{name}=={version(name)}"
            except PackageNotFoundError:
                continue


def test_no_dependency_is_known_to_be_vulnerable(tmp_path):
    """As the index of packages says today."""
    asked = list(installed())
    assert len(asked) > 20
    listed = tmp_path / "requirements.txt"
    listed.write_text("\n".join(asked))
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--requirement", listed, "--no-deps", "--disable-pip",
         "--format", "json", "--progress-spinner", "off", "--timeout", "10"],
        check=False, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    if not done.stdout.strip():
        pytest.skip(f"nobody to ask: {done.stderr.strip().splitlines()[-1][:120]}")
    answers = json.loads(done.stdout)["dependencies"]
    known = [one for one in answers if "vulns" in one]
    if not known:
        pytest.skip("the index of packages that is used here knows no vulnerabilities")
    found = {one["name"]: [vuln["id"] for vuln in one["vulns"]] for one in known if one["vulns"]}
    assert not found, f"update, or name the version that is not affected: {found}"
