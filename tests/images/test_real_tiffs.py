"""Real TIFF files, and what each of them holds by its tags and common sense."""

import json

import numpy as np
import pytest

from napari_image_classifier.images.image import describe_image, read_image
from napari_image_classifier.images.read_errors import AxesUnknownError, ImageReadError

RGB = ("red", "green", "blue")

# file: (axes, shape, dtype, channel names the file gives, (x, y, z) of a pixel in µm)
IMAGES = {
    "12bit.cropped.tiff": ("YX", (64, 64), "uint16", (), None),
    "16b_1c_fluorescence.tif": ("YX", (384, 384), "uint16", (), None),
    "16b_1c_happy_cell.tif": ("YX", (240, 250), "uint16", (), None),
    "16b_4c_neuron-composite.tif": ("CYX", (4, 512, 512), "uint16", (), (0.16, 0.16, None)),
    "5channel.tif": ("CYX", (5, 64, 64), "uint8", (), None),
    "8b_2c_actin-nuclei.tif": ("CYX", (2, 450, 450), "uint8", (), None),
    "8b_3c_composite_FluorescentCells.tif": ("CYX", (3, 512, 512), "uint8", (), None),
    "8b_3c_rgb_neuron.tif": ("CYX", (3, 512, 512), "uint8", RGB, (0.16, 0.16, None)),
    "9z_1c_8b_shorter_3d_monolayer_xy1_ch0.tif": (
        "ZYX", (9, 256, 256), "uint8", (), (0.26, 0.26, 0.29),
    ),
    "BigTIFFLong.tif": ("CYX", (3, 64, 64), "uint8", RGB, None),
    "Channel_0.tif": ("YX", (167, 439), "uint8", (), None),
    "Channel_1.tif": ("YX", (167, 439), "uint8", (), None),
    "Channel_2.tif": ("YX", (167, 439), "uint8", (), None),
    "MetamorphImage.tif": ("YX", (520, 696), "uint16", ("Cy5",), (0.645, 0.645, None)),
    "cramps-tile.tif": ("YX", (607, 800), "uint8", (), None),
    "int16_zstd.tif": ("YX", (64, 64), "int16", (), None),
    "int8.tif": ("YX", (64, 64), "int8", (), None),
    "miniswhite-1c-1b.tiff": ("YX", (151, 157), "bool", (), None),
    "multi-channel.ome.tif": ("CYX", (3, 167, 439), "int8", (), None),
    "planar-rgb-u8.tif": ("CYX", (3, 499, 374), "uint8", RGB, None),
    "predictor-3-gray-f32.tif": ("YX", (200, 200), "float32", (), None),
    "smallliz.tif": ("CYX", (3, 160, 160), "uint8", RGB, None),
    "tiled-jpeg-rgb-u8.tif": ("CYX", (3, 499, 374), "uint8", RGB, None),
    "xy_12bit__saturated_plant.tif": ("YX", (512, 512), "uint16", (), (2.486, 2.486, None)),
    # Its unit is a blank: the resolution of 1 says nothing.
    "xy_16bit__scanR_datatype_issue.tif": ("YX", (1024, 1344), "uint16", (), None),
    "xy_calibrated_16bit__nuclear_protein_treated.tif": (
        "YX", (1192, 1192), "uint16", (), (0.1132, 0.1132, None),
    ),
    "xyc_16bit__cell_dna_mts_actin.tif": (
        "CYX", (3, 350, 350), "uint16", (), (0.1325, 0.1325, None),
    ),
    "xyc_8bit__tub_h2b_cecog_battery.tif": ("CYX", (2, 1040, 1392), "uint8", (), None),
    "xyt_calibrated_16bit__golgi_bfa_sum_projection.tif": (
        "TYX", (30, 137, 147), "float32", (), (0.3514, 0.3514, None),
    ),
    # "Information|Image|Channel|Name #1 = ChA" stands in its Info.
    "xyz_calibrated_16bit__golgi_bfa.tif": (
        "ZYX", (25, 137, 147), "uint16", ("ChA",), (0.3514, 0.3514, 0.3876),
    ),
    "xyzc_16bit__spots.tif": ("CZYX", (2, 17, 88, 89), "uint16", (), (0.09413, 0.09413, 0.4)),
}  # fmt: skip

# file: what the sentence must say
REFUSALS = {
    "colormap-shl-overflow.tiff": "unknown kind",  # 83 bits a sample, a palette outside the file
    "graydepth-invert-overflow-5a0aad5024cc4ff3.tiff": "damaged",  # a directory of noise
    "sample-get-lzw-stuck.tiff": "cut short",  # tiles past the end of the file
    "multifile-Z3.ome.tiff": "multifile.companion.ome",  # one of five; the description is absent
}

# file: a stack whose axis has no name, and what a person may say
QUESTIONS = {"data__img3d.tif": ("QYX", (31, 61, 57), ("ZYX", "TYX", "CYX"))}

# A word of the assumption that must be named.
ASSUMPTIONS = {
    "miniswhite-1c-1b.tiff": "inverted",
    "cramps-tile.tif": "inverted",
}


def test_every_file_is_written_down(shared_data):
    """36 files, none forgotten."""
    found = {path.name for path in (shared_data / "tiff").glob("*.tif*")}

    assert found == {*IMAGES, *REFUSALS, *QUESTIONS}
    assert len(found) == 36


@pytest.mark.parametrize("name", IMAGES)
def test_real_file_is_read_as_its_tags_say(shared_data, name):
    """Axes, shape, type, names of channels, pixel size, and every pixel."""
    axes, shape, dtype, names, size = IMAGES[name]
    with read_image(shared_data / "tiff" / name) as image:
        pixels = image.asarray()
        stored_size = None
        if image.pixel_size:
            stored_size = (image.pixel_size.x, image.pixel_size.y, image.pixel_size.z)

    assert (image.axes, image.shape, image.dtype) == (axes, shape, np.dtype(dtype))
    assert image.channels_named == bool(names)
    assert image.channel_names == (
        names or tuple(f"Channel {i + 1}" for i in range(image.n_channels))
    )
    assert image.is_rgb == (names == RGB)
    if size is None:
        assert stored_size is None
    else:
        x, y, z = stored_size
        assert (x, y) == pytest.approx(size[:2], rel=1e-3)
        assert z == pytest.approx(size[2], rel=1e-3) if size[2] else z is None
        assert image.pixel_size.unit == "µm"
    assert (pixels.shape, pixels.dtype) == (shape, np.dtype(dtype))
    assert np.ptp(pixels.astype(np.float64)) > 0
    assert any(ASSUMPTIONS.get(name, "") in each for each in image.assumptions or ("",))
    json.dumps(describe_image(image))


@pytest.mark.parametrize("name", REFUSALS)
def test_malformed_file_is_refused_with_a_sentence(shared_data, name):
    """One exception, which names the file and what is wrong."""
    with pytest.raises(ImageReadError, match=REFUSALS[name]) as refusal:
        read_image(shared_data / "tiff" / name)

    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.path.name == name


@pytest.mark.parametrize("name", QUESTIONS)
def test_file_without_axes_asks_and_is_read_when_told(shared_data, name):
    """The question tells how to answer; any of the answers opens the file."""
    axes, shape, choices = QUESTIONS[name]
    path = shared_data / "tiff" / name
    with pytest.raises(AxesUnknownError, match="--axes ZYX") as question:
        read_image(path)

    assert (question.value.axes, question.value.shape) == (axes, shape)
    assert question.value.choices == choices
    for answer in choices:
        with read_image(path, axes=answer) as image:
            assert (image.axes, image.shape) == (answer, shape)


def test_display_of_real_composites_is_kept(shared_data):
    """ImageJ's colours and ranges."""
    with read_image(shared_data / "tiff" / "xyc_16bit__cell_dna_mts_actin.tif") as image:
        assert image.display[0].color == (0.0, 1.0, 1.0)
        assert image.display[0].contrast_limits == (143, 465)


def test_fluorescence_is_bright_in_the_nuclei(shared_data):
    """A palette composite keeps its stored intensities: they equal what tifffile decodes."""
    import tifffile

    path = shared_data / "tiff" / "xyc_8bit__tub_h2b_cecog_battery.tif"
    with read_image(path) as image:
        np.testing.assert_array_equal(image.asarray(), tifffile.imread(path))
