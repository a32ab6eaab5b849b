"""Damage of any kind in a TIFF file: one kind of error, soon, and never much memory.

`FUZZ_EXAMPLES=20000 pytest tests/test_fuzzed_tiffs.py` looks further than the usual run.
"""

import io
import os
import time
import tracemalloc

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_image_classifier.images import ImageReadError, read_image

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))
SECONDS = 5.0
BYTES = 300e6

PIXELS = np.random.default_rng(0).integers(0, 4000, (4, 24, 32)).astype(np.uint16)
KINDS = {
    "imagej": {"imagej": True, "metadata": {"axes": "ZYX"}},
    "ome": {"ome": True, "metadata": {"axes": "CYX"}, "compression": "zlib"},
    "tiled": {"metadata": {"axes": "ZYX"}, "tile": (16, 16), "compression": "lzw"},
    "big": {"metadata": {"axes": "ZYX"}, "bigtiff": True},
}


def written(options):
    file = io.BytesIO()
    tifffile.imwrite(file, PIXELS, photometric="minisblack", **options)
    return file.getvalue()


FILES = {kind: written(options) for kind, options in KINDS.items()}


@st.composite
def damage(draw, size):
    """Where and what: most of it in the directories, where it hurts."""
    anywhere = st.integers(0, size - 1)
    front = st.integers(0, min(size - 1, 700))
    edits = draw(
        st.lists(st.tuples(front | anywhere, st.binary(min_size=1, max_size=4)), max_size=4)
    )
    cut = draw(st.none() | st.integers(1, size))
    return edits, cut


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_file_is_read_or_refused(tmp_path_factory, kind):
    """Nothing but an image or an `ImageReadError` comes out."""
    good = FILES[kind]
    path = tmp_path_factory.mktemp(kind) / "a.tif"

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES <= 1000, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(damage(len(good)))
    def read_damaged(damaged):
        edits, cut = damaged
        content = bytearray(good[:cut])
        for place, change in edits:
            content[place : place + len(change)] = change
        path.write_bytes(content)
        began = time.process_time()
        tracemalloc.reset_peak()
        try:
            with read_image(path, axes="ZYX") as image:
                pixels = image.asarray()
            assert pixels.shape == image.shape
        except ImageReadError as error:
            assert "a.tif" in str(error)
        assert time.process_time() - began < SECONDS
        assert tracemalloc.get_traced_memory()[1] < BYTES

    tracemalloc.start()
    try:
        read_damaged()
    finally:
        tracemalloc.stop()
