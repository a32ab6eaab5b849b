"""Damage of any kind in an image file: one kind of error, soon, and never much memory.

`FUZZ_SECONDS=1800 pytest tests/fuzz/test_images.py` looks further than the usual run.
"""

import io

import numpy as np
import tifffile
from hypothesis import strategies as st
from PIL import Image as Picture

from helpers.fuzzing import LONG, damages, try_at_random
from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.read_errors import ImageReadError

PIXELS = np.random.default_rng(0).integers(0, 4000, (4, 24, 32)).astype(np.uint16)
COLOURS = PIXELS[:3].transpose(1, 2, 0).astype(np.uint8)
TIFFS = {
    "imagej": {"imagej": True, "metadata": {"axes": "ZYX"}},
    "ome": {"ome": True, "metadata": {"axes": "CYX"}, "compression": "zlib"},
    "tiled": {"metadata": {"axes": "ZYX"}, "tile": (16, 16), "compression": "lzw"},
    "big": {"metadata": {"axes": "ZYX"}, "bigtiff": True},
    "zstd": {"metadata": {"axes": "ZYX"}, "compression": "zstd", "predictor": True},
    "packbits": {"metadata": {"axes": "ZYX"}, "compression": "packbits"},
    "jpeg2000": {"metadata": {"axes": "ZYX"}, "compression": "jpeg2000"},
    "strips": {"metadata": {"axes": "ZYX"}, "rowsperstrip": 5, "compression": "lzma"},
}
PICTURES = {
    "grey.png": ("PNG", COLOURS[..., 0]),
    "deep.png": ("PNG", PIXELS[0]),
    "colours.png": ("PNG", COLOURS),
    "grey.jpg": ("JPEG", COLOURS[..., 0]),
    "colours.jpg": ("JPEG", COLOURS),
}


def written(options):
    file = io.BytesIO()
    tifffile.imwrite(file, PIXELS, photometric="minisblack", **options)
    return file.getvalue()


def drawn(kind, pixels):
    file = io.BytesIO()
    Picture.fromarray(pixels).save(file, kind)
    return file.getvalue()


def coloured():
    file = io.BytesIO()
    tifffile.imwrite(file, COLOURS, photometric="rgb", compression="jpeg")
    return file.getvalue()


FILES = {
    **{f"{kind}.tif": written(options) for kind, options in TIFFS.items()},
    "jpeg.tif": coloured(),
    **{name: drawn(*of) for name, of in PICTURES.items()},
}


@LONG
def test_damaged_image_is_read_or_refused(tmp_path):
    """Nothing but an image or an `ImageReadError` comes out."""

    def read(damaged):
        name, damage = damaged
        path = tmp_path / name
        path.write_bytes(damage.of(FILES[name]))
        try:
            with read_image(path, axes=None if name == "jpeg.tif" else "ZYX") as image:
                pixels = image.asarray()
            assert pixels.shape == image.shape
        except ImageReadError as error:
            assert name in str(error)

    each = [st.tuples(st.just(name), damages(len(good))) for name, good in FILES.items()]
    try_at_random(read, st.one_of(each), 200)
