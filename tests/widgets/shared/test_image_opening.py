"""widgets.folder_images: the image of a row, opened in the viewer."""

import numpy as np

from napari_image_classifier.images.image import Image
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.widgets.shared.image_opening import open_image


def test_the_sliders_go_to_the_item(make_napari_viewer, tmp_path):
    """A time point and a plane; a second time the open image is selected, and moved on."""
    viewer = make_napari_viewer()
    path = tmp_path / "film.tif"
    pixels = np.arange(5 * 3 * 8 * 8, dtype=np.uint16).reshape(5, 3, 8, 8)
    write_image(path, Image.from_array(pixels, "TZYX"))
    files = ImageFiles.single(path, tmp_path)
    open_image(viewer, files, None, "t=3,z=1")
    assert viewer.dims.current_step[:2] == (3, 1)
    open_image(viewer, files, None, "t=2")
    assert viewer.dims.current_step[:2] == (2, 1)
    assert len(viewer.layers) == 1
    open_image(viewer, files, None)
    assert viewer.dims.current_step[:2] == (2, 1)
