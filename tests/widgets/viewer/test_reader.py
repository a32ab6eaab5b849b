"""The layers that napari gets of a file."""

import numpy as np
import PIL.Image
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Layer

from napari_image_classifier.images import display as reader
from napari_image_classifier.images.display import METADATA_KEY
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.images.pixel_size import PixelSize
from napari_image_classifier.images.read_errors import AxesUnknownError, ImageReadError
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.widgets.viewer.reader import get_reader, read_layers

RNG = np.random.default_rng(0)


def cell(tmp_path, axes="CZYX", shape=(2, 3, 16, 20), **options):
    options.setdefault("channel_names", ("GFP", "DNA")[: shape[0]] if "C" in axes else None)
    stored = RNG.integers(100, 900, shape).astype(np.uint16)
    write_image(tmp_path / "cell.ome.tif", Image.from_array(stored, axes, **options))
    return tmp_path / "cell.ome.tif", stored


def test_each_channel_is_a_layer_with_all_that_the_file_says(tmp_path):
    """Name, colour, contrast, scale, units, axis labels, and where it came from."""
    path, stored = cell(tmp_path, pixel_size=PixelSize(0.1, 0.2, 0.5))
    layers = get_reader(str(path))(str(path))
    assert [kind for *_, kind in layers] == ["image", "image"]
    for channel, (pixels, options, _) in enumerate(layers):
        np.testing.assert_array_equal(pixels, stored[channel])
        assert options["name"] == ("cell [GFP]", "cell [DNA]")[channel]
        assert options["colormap"] == ("green", "blue")[channel]
        assert options["scale"] == (0.5, 0.2, 0.1)
        assert options["units"] == ("um", "um", "um")
        assert options["axis_labels"] == ("z", "y", "x")
        assert options["blending"] == "additive"
        low, high = options["contrast_limits"]
        assert 100 <= low < high < 900
        ours = options["metadata"][METADATA_KEY]
        assert (ours["path"], ours["channel"], ours["axes"]) == (str(path), channel, "ZYX")
        assert (ours["channel_name"], ours["channels_named"]) == (("GFP", "DNA")[channel], True)


@pytest.mark.parametrize(
    ("axes", "shape"), [("YX", (16, 20)), ("CYX", (3, 16, 20)), ("TCZYX", (2, 2, 3, 16, 20))]
)
def test_napari_takes_the_layers(tmp_path, axes, shape):
    """Every keyword is one of napari's, in every combination of axes."""
    path, _ = cell(tmp_path, axes, shape, channel_names=None, pixel_size=PixelSize(1.0, 1.0))
    viewer = ViewerModel()
    for layer in read_layers(path):
        viewer.add_layer(Layer.create(*layer))
    assert viewer.dims.axis_labels == tuple(axes.replace("C", "").lower())
    assert {layer.data.shape for layer in viewer.layers} == {
        tuple(length for axis, length in zip(axes, shape, strict=True) if axis != "C")
    }
    names = [layer.metadata[METADATA_KEY]["channel_name"] for layer in viewer.layers]
    assert set(names) == {""}


def test_files_with_and_without_a_pixel_size_open_together(tmp_path):
    """One in µm, one without a unit."""
    viewer = ViewerModel()
    for size in (PixelSize(0.5, 0.5), None):
        path, _ = cell(tmp_path, "ZYX", (3, 16, 20), pixel_size=size)
        for layer in read_layers(path):
            viewer.add_layer(Layer.create(*layer))
    assert len(viewer.layers) == 2
    assert np.allclose(viewer.layers[0].scale, (1, 0.5, 0.5))


def test_display_of_the_file_is_kept(tmp_path):
    """ImageJ's colours and ranges come before our own."""
    red = np.zeros((3, 256), np.uint8)
    red[0] = np.arange(256)
    orange = red.copy()
    orange[1] = red[0] // 2
    tifffile.imwrite(
        tmp_path / "a.tif", np.ones((2, 8, 8), np.uint16), imagej=True,
        metadata={"axes": "CYX", "LUTs": [red, orange], "Ranges": (5, 50, 1, 2)},
    )  # fmt: skip
    first, second = read_layers(tmp_path / "a.tif")
    assert (first[1]["colormap"], first[1]["contrast_limits"]) == ("red", (5, 50))
    assert second[1]["colormap"] == "#ff7f00"
    Layer.create(*second)


def test_colours_make_one_rgb_layer(tmp_path):
    """As people expect of a PNG; all axes but the colours stay."""
    stored = RNG.integers(0, 255, (8, 9, 3)).astype(np.uint8)
    PIL.Image.fromarray(stored).save(tmp_path / "a.png")
    ((pixels, options, _),) = read_layers(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels, stored)
    assert options["rgb"]
    assert options["metadata"][METADATA_KEY]["channel_names"] == ["red", "green", "blue"]
    Layer.create(pixels, options, "image")


def test_large_stack_stays_on_the_disk(tmp_path, monkeypatch):
    """A dask array with a chunk per plane, readable as long as the layer lives."""
    monkeypatch.setattr(reader, "LARGEST_IN_MEMORY", 100)
    path, stored = cell(tmp_path)
    layers = read_layers(path)
    assert all(type(pixels).__module__.startswith("dask") for pixels, *_ in layers)
    assert layers[0][0].chunksize == (1, 16, 20)
    np.testing.assert_array_equal(layers[1][0].compute(), stored[1])


def test_several_files_give_the_layers_of_each(tmp_path):
    """As when they are dropped together."""
    path, _ = cell(tmp_path, "YX", (8, 8))
    other = path.rename(tmp_path / "other.tif")
    cell(tmp_path, "YX", (8, 8))
    paths = [str(path), str(other)]
    assert [options["name"] for _, options, _ in get_reader(paths)(paths)] == ["cell", "other"]


def test_only_images_are_claimed(tmp_path):
    """By their suffix; a folder or another format is somebody else's."""
    assert get_reader("a.tif") is not None
    assert get_reader(["a.tif", "b.csv"]) is None
    assert get_reader("a.czi") is None


def test_bad_file_gives_the_sentence(tmp_path):
    """napari shows it."""
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    with pytest.raises(ImageReadError, match=r"a\.tif can't be read"):
        read_layers(tmp_path / "a.tif")


def without_axes(tmp_path):
    stored = RNG.integers(0, 9, (5, 8, 8)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="minisblack")
    return tmp_path / "a.tif"


def test_unknown_axes_are_no_guess_in_a_script(tmp_path):
    """Nobody is there to answer a dialog."""
    with pytest.raises(AxesUnknownError):
        read_layers(without_axes(tmp_path))


@pytest.mark.parametrize("answer", ["TYX", None])
def test_unknown_axes_are_asked_where_there_is_a_window(tmp_path, qtbot, answer):
    """The dialog offers the meanings; cancelled, the file is not opened."""
    from qtpy.QtCore import QTimer
    from qtpy.QtWidgets import QApplication, QWidget

    window = QWidget()
    qtbot.addWidget(window)
    window.show()

    def reply():
        dialog = QApplication.activeModalWidget()
        assert [dialog.choice.itemText(i) for i in range(3)] == [
            "5 planes of a stack", "5 time points", "5 channels",
        ]  # fmt: skip
        dialog.choice.setCurrentIndex(dialog.choice.findData(answer or "ZYX"))
        (dialog.accept if answer else dialog.reject)()

    QTimer.singleShot(200, reply)
    path = without_axes(tmp_path)
    if answer is None:
        with pytest.raises(AxesUnknownError):
            read_layers(path)
    else:
        ((_, options, _),) = read_layers(path)
        assert options["axis_labels"] == ("t", "y", "x")


def test_every_real_file_opens_in_napari(shared_data):
    """Or is refused with its sentence."""
    for path in sorted((shared_data / "tiff").glob("*.tif*")):
        try:
            image = read_image(path)
        except ImageReadError:
            continue
        for layer in reader.image_layers(image):
            Layer.create(*layer)
