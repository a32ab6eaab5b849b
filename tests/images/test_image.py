"""Images of one or several files: axes, channels, pixel sizes, and every way to be damaged."""

import os
import threading
import tracemalloc

import numpy as np
import PIL.Image
import pytest
import tifffile

from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.image import Image, describe_image, read_image
from napari_image_classifier.images.names.patterns import FilePart, ImageFiles
from napari_image_classifier.images.pixel_size import PixelSize
from napari_image_classifier.images.read_errors import (
    FOREIGN_SUFFIXES,
    AxesUnknownError,
    ImageReadError,
)
from napari_image_classifier.images.tiff.writer import write_image

RNG = np.random.default_rng(0)


def pixels(*shape, dtype=np.uint16):
    if np.dtype(dtype).kind == "f":
        return RNG.normal(size=shape).astype(dtype)
    if np.dtype(dtype) == bool:
        return RNG.integers(0, 2, shape).astype(bool)
    info = np.iinfo(dtype)
    return RNG.integers(info.min, min(info.max, 2**62), shape, dtype=np.int64).astype(dtype)


def whole(path, **options):
    with read_image(path, **options) as image:
        return image.asarray()


def test_imagej_hyperstack_has_its_axes_names_size_and_display(tmp_path):
    """ImageJ stores T, Z, C; the image has T, C, Z."""
    stored = pixels(2, 3, 2, 16, 20)
    lut = np.zeros((3, 256), np.uint8)
    lut[1] = np.arange(256)
    tifffile.imwrite(
        tmp_path / "cell.tif", stored, imagej=True, resolution=(4, 2),
        metadata={"axes": "TZCYX", "unit": "\\u00B5m", "spacing": 1.5, "LUTs": [lut, lut[::-1]],
                  "Ranges": (1, 9, 2, 8), "Labels": ["GFP", "DNA"] * 6},
    )  # fmt: skip
    with read_image(tmp_path / "cell.tif") as image:
        assert (image.axes, image.shape) == ("TCZYX", (2, 2, 3, 16, 20))
        assert (image.n_times, image.n_channels, image.n_z) == (2, 2, 3)
        assert (image.channel_names, image.channels_named) == (("GFP", "DNA"), True)
        assert image.pixel_size == PixelSize(0.25, 0.5, 1.5, "µm")
        assert image.display[0].color == (0, 1, 0)
        assert image.display[1].contrast_limits == (2, 8)
        np.testing.assert_array_equal(image.plane(time=1, channel=1, z=2), stored[1, 2, 1])
        np.testing.assert_array_equal(image.asarray(), stored.transpose(0, 2, 1, 3, 4))
        np.testing.assert_array_equal(np.asarray(image.data), image.asarray())
        np.testing.assert_array_equal(np.asarray(image), image.asarray())


@pytest.mark.parametrize("label", ["c:{}/2 z:1/1 - x.czi", "slice{}.tif", "Channel {}", "C{}-cell"])
def test_labels_that_name_slices_name_no_channels(tmp_path, label):
    """A file name in a label would make every image's channels different."""
    labels = [label.format(1), label.format(2)]
    tifffile.imwrite(
        tmp_path / "cell.tif", pixels(2, 8, 8), imagej=True,
        metadata={"axes": "CYX", "Labels": labels},
    )  # fmt: skip
    with read_image(tmp_path / "cell.tif") as image:
        assert not image.channels_named


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["DAPI/Hoechst", "Em 525/50"], ("DAPI/Hoechst", "Em 525/50")),
        (["405", "488"], ("405", "488")),
        (["DAPI", "cell.tif"], ("DAPI", "Channel 2")),
        (["DAPI"], ("DAPI", "Channel 2")),
    ],
)
def test_labels_of_imagej_name_channels(tmp_path, labels, names):
    """Also with slashes and numbers, and where only some of them are names."""
    tifffile.imwrite(
        tmp_path / "cell.tif", pixels(2, 8, 8), imagej=True,
        metadata={"axes": "CYX", "Labels": labels},
    )  # fmt: skip
    with read_image(tmp_path / "cell.tif") as image:
        assert (image.channel_names, image.channels_named) == (names, True)


@pytest.mark.parametrize(
    ("channel", "names", "named"),
    [
        ({"Name": ["DAPI", ""]}, ("DAPI", "Channel 2"), True),
        ({"Fluor": ["DAPI", "GFP"]}, ("DAPI", "GFP"), True),
        ({"Name": ["0", "1"], "Fluor": ["DAPI", "GFP"]}, ("DAPI", "GFP"), True),
        ({"Name": ["Exc 405", ""], "Fluor": ["DAPI", "GFP"]}, ("Exc 405", "GFP"), True),
        ({"Name": ["488", "405"]}, ("488", "405"), True),
        ({"Name": ["Channel:0:0", "Channel:0:1"]}, ("Channel:0:0", "Channel:0:1"), False),
    ],
)
def test_ome_names_channels_or_their_dyes(tmp_path, channel, names, named):
    """The names that there are stay; a dye is taken where there is no name."""
    tifffile.imwrite(
        tmp_path / "cell.ome.tif", pixels(2, 8, 8), photometric="minisblack",
        metadata={"axes": "CYX", "Channel": channel},
    )  # fmt: skip
    with read_image(tmp_path / "cell.ome.tif") as image:
        assert (image.channel_names, image.channels_named) == (names, named)


def test_ome_tiff_has_names_colours_and_a_size_in_micrometres(tmp_path):
    """Units other than µm are turned into it."""
    tifffile.imwrite(
        tmp_path / "cell.ome.tif", pixels(2, 3, 16, 20), photometric="minisblack",
        metadata={"axes": "CZYX", "Channel": {"Name": ["GFP", "DNA"], "Color": [16711935, -1]},
                  "PhysicalSizeX": 250, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.5,
                  "PhysicalSizeZ": 0.001, "PhysicalSizeZUnit": "mm"},
    )  # fmt: skip
    with read_image(tmp_path / "cell.ome.tif") as image:
        assert (image.axes, image.shape) == ("CZYX", (2, 3, 16, 20))
        assert image.channel_names == ("GFP", "DNA")
        assert image.display[0].color == (0, 1, 0)
        assert image.pixel_size == PixelSize(0.25, 0.5, 1.0)


def write_ome_files(folder, shape=(2, 8, 9)):
    """One plane per file; the description of all stands in the first."""
    stored = pixels(*shape)
    uuids = [f"urn:uuid:0000000{z}-0000-0000-0000-000000000000" for z in range(shape[0])]
    blocks = "".join(
        f'<TiffData FirstC="0" FirstT="0" FirstZ="{z}" IFD="0" PlaneCount="1">'
        f'<UUID FileName="z{z}.ome.tif">{uuid}</UUID></TiffData>'
        for z, uuid in enumerate(uuids)
    )
    head = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{}">'
    text = head + (
        f'<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" '
        f'SizeX="{shape[2]}" SizeY="{shape[1]}" SizeZ="{shape[0]}" SizeC="1" SizeT="1" '
        f'PhysicalSizeX="0.1"><Channel ID="Channel:0:0" SamplesPerPixel="1" Name="GFP"/>{blocks}'
        "</Pixels></Image></OME>"
    )
    for z, uuid in enumerate(uuids):
        tifffile.imwrite(
            folder / f"z{z}.ome.tif", stored[z], description=text.format(uuid), metadata=None,
            photometric="minisblack",
        )  # fmt: skip
    return stored, text, head


def test_ome_set_of_several_files_is_one_image(tmp_path):
    """Opened through any of its files."""
    stored, _, _ = write_ome_files(tmp_path)
    for name in ("z0.ome.tif", "z1.ome.tif"):
        np.testing.assert_array_equal(whole(tmp_path / name), stored)


def test_each_file_of_an_ome_plate_is_its_own_well(tmp_path):
    """One description of all wells stands in every file; none is read as the first well."""
    wells = {"A01": pixels(8, 9), "A02": pixels(8, 9) + 1}
    images = "".join(
        f'<Image ID="Image:{n}"><Pixels ID="Pixels:{n}" DimensionOrder="XYZCT" Type="uint16" '
        f'SizeX="9" SizeY="8" SizeZ="1" SizeC="1" SizeT="1">'
        f'<Channel ID="Channel:{n}:0" SamplesPerPixel="1" Name="stain of {well}"/>'
        f'<TiffData IFD="0" PlaneCount="1"><UUID FileName="{well}.ome.tif">urn:uuid:{n}</UUID>'
        "</TiffData></Pixels></Image>"
        for n, well in enumerate(wells)
    )
    for n, (well, stored) in enumerate(wells.items()):
        text = (
            '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="urn:uuid:{n}">{images}</OME>'
        )
        tifffile.imwrite(
            tmp_path / f"{well}.ome.tif", stored, description=text, metadata=None,
            photometric="minisblack",
        )  # fmt: skip
    for well, stored in wells.items():
        with read_image(tmp_path / f"{well}.ome.tif") as image:
            np.testing.assert_array_equal(image.asarray().reshape(stored.shape), stored)
            assert image.channel_names == (f"stain of {well}",)
            assert image.assumptions == ()
    found, passed_over = find_images(tmp_path)
    assert [files.name for files in found] == ["A01.ome.tif", "A02.ome.tif"]
    assert passed_over == {}


def test_an_ome_set_is_listed_once(tmp_path):
    """Each of its files opens as the whole, and one image must not be several items."""
    write_ome_files(tmp_path)
    found, passed_over = find_images(tmp_path)
    assert [files.name for files in found] == ["z0.ome.tif"]
    assert passed_over == {"further files of OME images": 1}


def test_missing_file_of_an_ome_set_is_named(tmp_path):
    """Not zeros, not one plane."""
    write_ome_files(tmp_path)
    (tmp_path / "z1.ome.tif").unlink()
    with pytest.raises(ImageReadError, match=r"z1\.ome\.tif is missing"):
        read_image(tmp_path / "z0.ome.tif")


def test_ome_companion_file_is_followed(tmp_path):
    """The description may lie in a file of its own."""
    stored, text, head = write_ome_files(tmp_path)
    only = head + '<BinaryOnly MetadataFile="set.companion.ome" UUID="urn:uuid:9"/></OME>'
    (tmp_path / "set.companion.ome").write_text(text.format("urn:uuid:9"))
    for z in range(2):
        uuid = f"urn:uuid:0000000{z}-0000-0000-0000-000000000000"
        tifffile.imwrite(
            tmp_path / f"z{z}.ome.tif", stored[z], description=only.format(uuid), metadata=None,
            photometric="minisblack",
        )  # fmt: skip
    np.testing.assert_array_equal(whole(tmp_path / "z0.ome.tif"), stored)
    (tmp_path / "set.companion.ome").unlink()
    with pytest.raises(ImageReadError, match=r"set\.companion\.ome is missing"):
        read_image(tmp_path / "z0.ome.tif")


def test_ome_description_does_not_lead_out_of_the_folder(tmp_path):
    """A file from anywhere must not open others."""
    text = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<BinaryOnly MetadataFile="../secret.ome" UUID="urn:uuid:1"/></OME>'
    )
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels(8, 8), description=text, metadata=None)
    with pytest.raises(ImageReadError, match="not a file in the same folder"):
        read_image(tmp_path / "a.ome.tif")


def test_renamed_ome_tiff_is_read(tmp_path):
    """Its description still has the old name."""
    stored, _, _ = write_ome_files(tmp_path, (1, 8, 9))
    (tmp_path / "z0.ome.tif").rename(tmp_path / "new name.tif")
    np.testing.assert_array_equal(whole(tmp_path / "new name.tif"), stored[0])


@pytest.mark.parametrize(
    "dtype",
    ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
     "float16", "float32", "float64"],
)  # fmt: skip
def test_image_of_any_type_is_written_and_read_back_the_same(tmp_path, dtype):
    """Axes, pixels, type, names and size; axes of length 1, too."""
    for axes, shape in (("YX", (9, 8)), ("CZYX", (2, 3, 9, 8)), ("TCZYX", (1, 2, 1, 9, 8))):
        n_channels = 2 if "C" in axes else 1
        image = Image.from_array(
            pixels(*shape, dtype=dtype), axes, channel_names=("GFP", "DNA")[:n_channels],
            pixel_size=PixelSize(0.1, 0.2, 0.3 if "Z" in axes else None),
        )  # fmt: skip
        write_image(tmp_path / "image.tif", image)
        with read_image(tmp_path / "image.tif") as again:
            assert (again.axes, again.shape, again.dtype) == (axes, shape, np.dtype(dtype))
            assert again.channel_names == image.channel_names
            assert again.pixel_size == image.pixel_size
            assert again.assumptions == ()
            np.testing.assert_array_equal(again.asarray(), image.asarray())
    assert [path.name for path in tmp_path.iterdir()] == ["image.tif"]


@pytest.mark.parametrize("compression", ["lzw", "zlib", "zstd", "packbits"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_compressed_and_tiled_stacks_are_read(tmp_path, compression, tile):
    """With and without tiles."""
    stored = pixels(3, 40, 50)
    tifffile.imwrite(
        tmp_path / "a.tif", stored, compression=compression, tile=tile, metadata={"axes": "ZYX"},
        photometric="minisblack", bigtiff=True,
    )  # fmt: skip
    np.testing.assert_array_equal(whole(tmp_path / "a.tif"), stored)


def test_pyramid_gives_its_full_size_without_a_word(tmp_path):
    """The smaller copies are no further images."""
    stored = pixels(64, 64)
    with tifffile.TiffWriter(tmp_path / "a.ome.tif") as writer:
        writer.write(stored, subifds=2, tile=(32, 32), metadata={"axes": "YX"})
        writer.write(stored[::2, ::2], subfiletype=1, tile=(32, 32))
        writer.write(stored[::4, ::4], subfiletype=1, tile=(32, 32))
    with read_image(tmp_path / "a.ome.tif") as image:
        assert (image.shape, image.assumptions) == ((64, 64), ())


def test_several_images_in_a_file_are_said(tmp_path):
    """The first one is used."""
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(pixels(64, 64))
        writer.write(pixels(32, 40))
    with read_image(tmp_path / "a.tif") as image:
        assert image.shape == (64, 64)
        assert "holds 2 images" in image.assumptions[0]


def test_rgb_becomes_three_channels(tmp_path):
    """Interleaved or planar; transparency is left out and said."""
    stored = pixels(3, 20, 30, dtype=np.uint8)
    tifffile.imwrite(tmp_path / "contig.tif", stored.transpose(1, 2, 0), photometric="rgb")
    tifffile.imwrite(tmp_path / "planar.tif", stored, photometric="rgb", planarconfig="separate")
    alpha = np.concatenate([stored, stored[:1]]).transpose(1, 2, 0)
    tifffile.imwrite(tmp_path / "alpha.tif", alpha, photometric="rgb", extrasamples=["unassalpha"])
    for name in ("contig.tif", "planar.tif", "alpha.tif"):
        with read_image(tmp_path / name) as image:
            assert (image.axes, image.is_rgb) == ("CYX", True)
            assert image.channel_names == ("red", "green", "blue")
            np.testing.assert_array_equal(image.asarray(), stored)
            assert bool(image.assumptions) == (name == "alpha.tif")


def test_composite_saved_as_colours_by_imagej_is_read(tmp_path):
    """YXS with a stack around it."""
    stored = pixels(5, 20, 30, 3, dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", stored, imagej=True, metadata={"axes": "ZYXS"})
    with read_image(tmp_path / "a.tif") as image:
        assert (image.axes, image.shape, image.is_rgb) == ("CZYX", (3, 5, 20, 30), True)
        np.testing.assert_array_equal(image.plane(channel=1, z=4), stored[4, :, :, 1])


def test_many_samples_are_asked_about(tmp_path):
    """Five numbers a pixel are no colours."""
    stored = pixels(20, 30, 5, dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="minisblack", planarconfig="contig",
                     metadata=None)  # fmt: skip
    with pytest.raises(AxesUnknownError) as question:
        read_image(tmp_path / "a.tif")
    assert "YXC" in question.value.choices
    np.testing.assert_array_equal(whole(tmp_path / "a.tif", axes="YXC"), stored.transpose(2, 0, 1))


def test_axes_that_do_not_fit_are_refused(tmp_path):
    """The sentence says how many letters are needed; what the file says is not overruled."""
    tifffile.imwrite(tmp_path / "a.tif", pixels(5, 20, 30), photometric="minisblack")
    for axes, words in (("ZCYX", "3 letters"), ("ZZY", "at most once"), ("ZCT", "Y and X always")):
        with pytest.raises(ImageReadError, match=words):
            read_image(tmp_path / "a.tif", axes=axes)
    tifffile.imwrite(tmp_path / "b.tif", pixels(5, 20, 30), imagej=True, metadata={"axes": "TYX"})
    with read_image(tmp_path / "b.tif", axes="ZYX") as image:
        assert image.axes == "TYX"
        assert "The file says that its axes are TYX" in image.assumptions[0]


def test_white_as_zero_is_inverted_and_said(tmp_path):
    """Unless ImageJ wrote it: there it is a way to display."""
    stored = pixels(20, 30, dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="miniswhite")
    with read_image(tmp_path / "a.tif") as image:
        np.testing.assert_array_equal(image.asarray(), 255 - stored)
        assert "inverted" in image.assumptions[0]
    tifffile.imwrite(tmp_path / "b.tif", stored, photometric="miniswhite",
                     description="ImageJ=1.54f\nmin=0.0\nmax=255.0\n", metadata=None)  # fmt: skip
    np.testing.assert_array_equal(whole(tmp_path / "b.tif"), stored)


def test_palettes_are_colours_or_intensities(tmp_path):
    """A coloured palette gives colours, a grey one intensities, ImageJ's only a display."""
    stored = pixels(20, 30, dtype=np.uint8)
    ramp = np.arange(256, dtype=np.uint16) * 257
    colors = np.stack([ramp, ramp[::-1], ramp // 2])
    tifffile.imwrite(tmp_path / "color.tif", stored, photometric="palette", colormap=colors)
    tifffile.imwrite(tmp_path / "grey.tif", stored, photometric="palette", colormap=[ramp] * 3)
    reverse = [ramp[::-1]] * 3
    tifffile.imwrite(tmp_path / "reverse.tif", stored, photometric="palette", colormap=reverse)
    tifffile.imwrite(tmp_path / "imagej.tif", stored, photometric="palette", colormap=colors,
                     description="ImageJ=1.54f\n", metadata=None)  # fmt: skip
    with read_image(tmp_path / "color.tif") as image:
        assert (image.axes, image.is_rgb) == ("CYX", True)
        np.testing.assert_array_equal(image.plane(channel=1), (colors[1] >> 8)[stored])
        assert "palette" in image.assumptions[0]
    np.testing.assert_array_equal(whole(tmp_path / "grey.tif"), stored)
    np.testing.assert_array_equal(whole(tmp_path / "reverse.tif"), 255 - stored)
    np.testing.assert_array_equal(whole(tmp_path / "imagej.tif"), stored)


def test_pictures_are_read(tmp_path):
    """PNG of 8 and 16 bits, colours, palette and transparency; JPEG."""
    stored = pixels(20, 30, 3, dtype=np.uint8)
    grey = pixels(20, 30)
    PIL.Image.fromarray(stored).save(tmp_path / "rgb.png")
    PIL.Image.fromarray(stored).save(tmp_path / "rgb.jpg")
    PIL.Image.fromarray(grey).save(tmp_path / "grey.png")
    PIL.Image.fromarray(stored).convert("RGBA").save(tmp_path / "alpha.png")
    PIL.Image.fromarray(stored[..., 0]).convert("P").save(tmp_path / "palette.png")
    np.testing.assert_array_equal(whole(tmp_path / "rgb.png"), stored.transpose(2, 0, 1))
    np.testing.assert_array_equal(whole(tmp_path / "grey.png"), grey)
    np.testing.assert_array_equal(whole(tmp_path / "palette.png"), stored[..., 0])
    assert whole(tmp_path / "rgb.jpg").shape == (3, 20, 30)
    with read_image(tmp_path / "alpha.png") as image:
        assert (image.channel_names, image.n_channels) == (("red", "green", "blue"), 3)
        assert "transparency" in image.assumptions[0]


def imagej_stack(path, **options):
    tifffile.imwrite(path, pixels(6, 32, 32), imagej=True, metadata={"axes": "ZYX"}, **options)
    return path


def test_stack_cut_short_is_an_error(tmp_path):
    """ImageJ, OME and plain: never one plane, never zeros."""
    path = imagej_stack(tmp_path / "a.tif")
    content = path.read_bytes()
    for size in (len(content) - 1000, len(content) // 2, 3000):
        path.write_bytes(content[:size])
        with pytest.raises(ImageReadError, match=r"a\.tif .*(cut short|damaged)"):
            whole(path)
    for options in ({"ome": True}, {"ome": True, "compression": "zlib"}, {"compression": "zlib"}):
        path = tmp_path / "b.tif"
        tifffile.imwrite(path, pixels(6, 32, 32), metadata={"axes": "ZYX"}, **options)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) - 700])
        with pytest.raises(ImageReadError):
            whole(path)


def test_imagej_file_of_one_directory_is_read_plane_by_plane(tmp_path):
    """So ImageJ writes stacks above 4 GB."""
    stored = pixels(6, 32, 32)
    text = "ImageJ=1.54f\nimages=6\nslices=6\nhyperstack=true\n"
    tifffile.imwrite(tmp_path / "a.tif", stored[0], description=text, metadata=None)
    with (tmp_path / "a.tif").open("ab") as file:
        file.write(stored[1:].tobytes())
    with read_image(tmp_path / "a.tif") as image:
        assert (image.axes, image.n_z) == ("ZYX", 6)
        np.testing.assert_array_equal(image.plane(z=4), stored[4])
    with (tmp_path / "a.tif").open("rb+") as file:
        file.truncate(5 * 2048)
    with pytest.raises(ImageReadError):
        read_image(tmp_path / "a.tif")


def test_imagej_stack_that_only_counts_its_images_asks(tmp_path):
    """Neither channels nor slices nor frames."""
    tifffile.imwrite(tmp_path / "a.tif", pixels(6, 32, 32), description="ImageJ=1.40g\nimages=6\n",
                     metadata=None, photometric="minisblack")  # fmt: skip
    with pytest.raises(AxesUnknownError, match="--axes"):
        read_image(tmp_path / "a.tif")


def resized(folder, size):
    """A file of 16 × 16 pixels that declares ``size`` × ``size``."""
    tifffile.imwrite(folder / "plain.tif", pixels(16, 16))
    with tifffile.TiffFile(folder / "plain.tif", mode="r+") as tiff:
        for name in ("ImageWidth", "ImageLength"):
            tiff.pages[0].tags[name].overwrite(size)
    return (folder / "plain.tif").read_bytes()


def leading_back(folder):
    """A file whose second directory says that it is followed by itself."""
    path = folder / "two.tif"
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(pixels(16, 16), metadata=None)
        tiff.write(pixels(8, 8), metadata=None)
    with tifffile.TiffFile(path) as tiff:
        second = tiff.pages[1].offset
    content = bytearray(path.read_bytes())
    end = second + 2 + 12 * int.from_bytes(content[second : second + 2], "little")
    content[end : end + 4] = second.to_bytes(4, "little")
    path.unlink()
    return bytes(content)


def damaged_files(folder):
    good = imagej_stack(folder / "good.tif").read_bytes()
    tifffile.imwrite(folder / "deflate.tif", pixels(64, 64), compression="zlib")
    deflate = bytearray((folder / "deflate.tif").read_bytes())
    deflate[-600:-500] = bytes(100)
    (folder / "deflate.tif").unlink()
    (folder / "good.tif").unlink()
    return {
        "empty.tif": b"",
        "header.tif": good[:8],
        "text.tif": b"this is no image at all",
        "noise.tif": bytes(RNG.integers(0, 256, 4000, dtype=np.uint8)),
        "deflate.tif": bytes(deflate),
        "width0.tif": resized(folder, 0),
        "leading back.tif": leading_back(folder),
        "loop.tif": good[:4] + (8).to_bytes(4, "little") + b"\0\0" + (8).to_bytes(4, "little"),
        "text.png": b"this is no image at all",
        "half.jpg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    }


def test_damaged_files_raise_one_exception(tmp_path):
    """Headers without pages, loops that never end, noise, no width, broken compression, text."""
    for name, content in damaged_files(tmp_path).items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ImageReadError) as refusal:
            whole(tmp_path / name)
        assert name in str(refusal.value)
        assert refusal.value.path == tmp_path / name


def test_declared_size_out_of_proportion_is_refused_at_once(tmp_path):
    """150 bytes that declare 74 GiB; a small file that expands without end."""
    (tmp_path / "a.tif").write_bytes(resized(tmp_path, 200_000))
    with pytest.raises(ImageReadError):
        read_image(tmp_path / "a.tif")
    tifffile.imwrite(
        tmp_path / "bomb.tif", np.zeros((20_000, 15_000), np.uint8), compression="zlib",
        rowsperstrip=20_000,
    )  # fmt: skip
    tracemalloc.start()
    with pytest.raises(ImageReadError, match="declares pixels of 286 MB"):
        read_image(tmp_path / "bomb.tif")
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_complex_pixels_are_refused(tmp_path):
    """They are no intensities."""
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8), np.complex64))
    with pytest.raises(ImageReadError, match="complex"):
        read_image(tmp_path / "a.tif")


def test_what_is_no_file_is_refused_without_blocking(tmp_path):
    """A folder, a pipe, nothing at all."""
    (tmp_path / "folder.tif").mkdir()
    cases = {"folder.tif": "folder", "absent.tif": "no such file"}
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.tif")
        cases["pipe.tif"] = "pipe"
    for name, words in cases.items():
        with pytest.raises(ImageReadError, match=words):
            read_image(tmp_path / name)


@pytest.mark.parametrize("suffix", [".czi", ".nd2", ".lif", ".zarr", ".CZI"])
def test_foreign_formats_get_directions(tmp_path, suffix):
    """Their own readers open them; their layers can be classified."""
    with pytest.raises(ImageReadError, match="classify its layers"):
        read_image(tmp_path / f"cell{suffix}")
    assert suffix.lower() in FOREIGN_SUFFIXES


def test_only_the_plane_that_is_asked_for_is_read(tmp_path):
    """A 60 MB stack reduced over Z needs the memory of a few planes."""
    shape = (60, 724, 724)
    for options in ({}, {"compression": "zlib"}, {"tile": (256, 256)}):
        stack = np.broadcast_to(np.arange(60, dtype=np.uint16)[:, None, None], shape)
        tifffile.imwrite(tmp_path / "a.tif", stack, metadata={"axes": "ZYX"}, bigtiff=True,
                         photometric="minisblack", **options)  # fmt: skip
        tracemalloc.start()
        with read_image(tmp_path / "a.tif") as image:
            highest = image.plane(z=0)
            for z in range(1, image.n_z):
                np.maximum(highest, image.plane(z=z), out=highest)
        assert tracemalloc.get_traced_memory()[1] < 10e6
        tracemalloc.stop()
        assert (highest == 59).all()


def test_planes_are_read_from_many_threads(tmp_path):
    """Each gets its own."""
    stored = pixels(2, 20, 64, 64)
    write_image(tmp_path / "a.tif", Image.from_array(stored, "CZYX"))
    wrong = []
    with read_image(tmp_path / "a.tif") as image:

        def read(z):
            for _ in range(5):
                for channel in range(2):
                    if (image.plane(channel=channel, z=z) != stored[channel, z]).any():
                        wrong.append(z)

        threads = [threading.Thread(target=read, args=(z,)) for z in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def write_parts(folder, channels=("1", "2"), planes=("1",), shape=(8, 9), axes="YX"):
    parts = []
    for channel in channels:
        for z in planes:
            path = folder / f"A1_z{z}_w{channel}.tif"
            image = Image.from_array(np.full(shape, 10 * (parts.__len__() + 1), np.uint8), axes)
            write_image(path, image)
            parts.append(FilePart(path, channel, z if len(planes) > 1 else None))
    return parts


def test_files_of_one_image_are_joined(tmp_path):
    """Channels and planes along their axes, in the order of their numbers."""
    parts = write_parts(tmp_path, planes=("10", "9"))
    with read_image(ImageFiles("A1_z{z}_w{channel}.tif", tuple(parts))) as image:
        assert (image.axes, image.shape) == ("CZYX", (2, 2, 8, 9))
        assert (image.channel_names, image.channels_named) == (("1", "2"), False)
        assert image.asarray()[:, :, 0, 0].tolist() == [[20, 10], [40, 30]]
        assert image.name == "A1_z{z}_w{channel}.tif"


def test_files_may_hold_stacks_and_name_channels(tmp_path):
    """One file per channel, each a Z stack; words in the name are channel names."""
    parts = write_parts(tmp_path, ("DAPI", "GFP"), shape=(3, 8, 9), axes="ZYX")
    with read_image(ImageFiles("A1", tuple(parts))) as image:
        assert (image.axes, image.shape) == ("CZYX", (2, 3, 8, 9))
        assert (image.channel_names, image.channels_named) == (("DAPI", "GFP"), True)


def test_files_say_more_of_their_channel_than_a_number(tmp_path):
    """The illumination that a file names takes the place of "1"; what it does not name stays."""
    parts = write_parts(tmp_path, ("1", "2"))
    named = Image.from_array(np.ones((8, 9), np.uint8), "YX", channel_names=["FITC"])
    write_image(parts[1].path, named)
    with read_image(ImageFiles("A1", tuple(parts))) as image:
        assert (image.channel_names, image.channels_named) == (("1", "FITC"), True)


def test_more_files_than_may_be_open_are_joined(tmp_path):
    """A long series."""
    parts = write_parts(tmp_path, ("1",), tuple(str(z) for z in range(25)))
    with read_image(ImageFiles("A1", tuple(parts))) as image:
        assert image.asarray()[0, :, 0, 0].tolist() == [10 * (z + 1) % 256 for z in range(25)]
        assert image.plane(z=0)[0, 0] == 10


def test_files_that_are_no_one_image_are_refused(tmp_path):
    """A file is missing, has another shape, or holds channels itself."""
    parts = write_parts(tmp_path)
    missing = ImageFiles("A1", tuple(parts[:1]), missing=("channel 2 (A1_w2.tif)",))
    with pytest.raises(ImageReadError, match=r"channel 2 \(A1_w2\.tif\)"):
        read_image(missing)
    write_image(parts[1].path, Image.from_array(np.zeros((8, 10), np.uint8), "YX"))
    with pytest.raises(ImageReadError, match="shapes or types differ"):
        read_image(ImageFiles("A1", tuple(parts)))
    for part in parts:
        write_image(part.path, Image.from_array(np.zeros((2, 8, 10), np.uint8), "CYX"))
    with pytest.raises(ImageReadError, match=r"holds 2 channels itself"):
        read_image(ImageFiles("A1", tuple(parts)))


def test_image_of_an_array_has_its_axes_in_order():
    """Whatever order they come in; a dask array stays one until it is asked."""
    import dask.array as da

    stored = pixels(9, 8, 3, 2)
    image = Image.from_array(da.from_array(stored), "YXZC", channel_names=("a", "b"))
    assert (image.axes, image.shape) == ("CZYX", (2, 3, 9, 8))
    np.testing.assert_array_equal(image.plane(channel=1, z=2), stored[:, :, 2, 1])
    with pytest.raises(ValueError, match="axes"):
        Image.from_array(stored, "ZYX")
    with pytest.raises(IndexError, match="no plane"):
        image.plane(z=3)


def test_description_says_all_there_is(tmp_path):
    """What `describe --json` prints."""
    image = Image.from_array(pixels(2, 8, 9), "CYX", name="a", pixel_size=PixelSize(1.0, 1.0))
    assert describe_image(image) == {
        "file": "a", "axes": "CYX", "shape": [2, 8, 9], "dtype": "uint16",
        "channel_names": ["Channel 1", "Channel 2"], "channels_named": False, "is_rgb": False,
        "pixel_size": {"x": 1.0, "y": 1.0, "z": None, "unit": "µm"}, "bytes": 288,
        "assumptions": [],
    }  # fmt: skip
