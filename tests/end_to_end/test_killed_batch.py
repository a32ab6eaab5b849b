"""A batch that is killed goes on.

`benchmarks/ten_thousand_files.py` does this with 10,000 files.
"""

import sys

import pytest

from helpers.killed_batches import killed_twice

pytestmark = pytest.mark.long

N_FILES = 300


@pytest.mark.skipif(sys.platform == "win32", reason="a killed parent's helpers are found otherwise")
def test_a_batch_that_is_killed_twice_ends_the_same(tiny_classifier_path, tmp_path):
    """Byte for byte, with no process left; what is done is never computed again."""
    found = killed_twice(
        tmp_path / "images", tiny_classifier_path, tmp_path / "output", N_FILES, seed=0
    )
    assert found[0].startswith("300 files, 15 of them bad")
