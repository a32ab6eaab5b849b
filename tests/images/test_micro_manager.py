"""Micro-Manager stacks: every file is its own position, wherever the others lie."""

import shutil

import pytest

from helpers.micro_manager import ome_of, pointing_to, write_stack
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.ome import companion_name, files_of_image, plate_fields
from napari_image_classifier.images.read_errors import AxesUnknownError, ImageReadError

CHANNELS = [(0, 0, 0), (0, 1, 0)]
NAMES = [f"exp_1_MMStack_Pos{number}.ome.tif" for number in range(3)]


def write_positions(folder, labels=("Pos0", "Pos1", "Pos2")):
    """Three positions of two channels; the description of all lies in the first file."""
    files = [f"exp_1_MMStack_{label}.ome.tif" for label in labels]
    text = ome_of([(label, {file: CHANNELS}) for label, file in zip(labels, files, strict=True)])
    for number, (label, file) in enumerate(zip(labels, files, strict=True)):
        planes = {place: 100 * (number + 1) + 10 * place[1] for place in CHANNELS}
        write_stack(
            folder / file, planes, position=number, name=label, Positions=len(labels),
            description=pointing_to(files[0]) if number else text,
        )  # fmt: skip
    return [folder / file for file in files]


def values(image):
    """The value of every plane, as they have one each."""
    return image.asarray()[..., 0, 0].tolist()


def test_positions_in_one_folder_are_images_of_their_own(tmp_path):
    """Not positions along an axis, about which a person would be asked."""
    for number, path in enumerate(write_positions(tmp_path)):
        with read_image(path) as image:
            assert (image.axes, image.channel_names) == ("CYX", ("DNA", "GFP"))
            assert values(image) == [100 * (number + 1), 100 * (number + 1) + 10]
            assert (image.pixel_size.x, image.assumptions) == (0.65, ())
    found, passed_over = find_images(tmp_path)
    assert [files.name for files in found] == NAMES
    assert [files.fields["position"] for files in found] == ["Pos0", "Pos1", "Pos2"]
    assert passed_over == {}


def test_a_position_is_read_without_the_others(tmp_path):
    """Also without the file in which the description of all lies, and under another name."""
    for number, path in enumerate(write_positions(tmp_path)):
        folder = tmp_path / f"class {number}"
        folder.mkdir()
        for name in (path.name, "renamed.ome.tif"):
            alone = shutil.copy(path, folder / name)
            with read_image(alone) as image:
                assert (image.axes, image.channel_names) == ("CYX", ("DNA", "GFP"))
                assert values(image) == [100 * (number + 1), 100 * (number + 1) + 10]
                assert (image.pixel_size.x, image.assumptions) == (0.65, ())
            assert plate_fields(alone)["position"] == f"Pos{number}"
            assert (files_of_image(alone), companion_name(alone)) == ((name,), None)


def test_positions_of_a_plate_have_well_and_site(tmp_path):
    """As the plugin for plates calls them."""
    paths = write_positions(tmp_path, ("A1-Site_0", "A1-Site_1", "H12-Site_0"))
    fields = [plate_fields(path) for path in paths]
    assert [(each["well"], each["site"]) for each in fields] == [
        ("A01", "0"), ("A01", "1"), ("H12", "0"),
    ]  # fmt: skip
    assert fields[2]["position"] == "H12-Site_0"


def write_parts(folder):
    """Two positions in two files each, as they are larger than 4 GB."""
    first, second = [(t, c, 0) for t in (0, 1) for c in (0, 1)], [(2, 0, 0), (2, 1, 0)]
    names = [f"a_MMStack_Pos{p}{part}.ome.tif" for p in (0, 1) for part in ("", "_1")]
    text = ome_of(
        [(f"Pos{p}", {names[2 * p]: first, names[2 * p + 1]: second}) for p in (0, 1)], n_times=3
    )
    for number, name in enumerate(names):
        position, planes = number // 2, (first, second)[number % 2]
        write_stack(
            folder / name, {place: 100 * position + 10 * place[0] + place[1] for place in planes},
            position=position, Positions=2, Frames=3, description=pointing_to(names[0])
            if number else text,
        )  # fmt: skip
    return names


def test_a_position_in_several_files_is_one_image(tmp_path):
    """By the description of all, and by the files' names where that is not there."""
    names = write_parts(tmp_path)
    found, passed_over = find_images(tmp_path)
    assert [files.name for files in found] == [names[0], names[2]]
    assert passed_over == {"further files of OME images": 2}
    for name in names:
        with read_image(tmp_path / name) as image:
            number = 100 * (name in names[2:])
            assert values(image) == [[number + 10 * t, number + 10 * t + 1] for t in range(3)]
    (tmp_path / names[0]).unlink()
    for name in names[2:]:
        assert files_of_image(tmp_path / name) == tuple(names[2:])
        with read_image(tmp_path / name) as image:
            assert (image.axes, values(image)[2]) == ("TCYX", [120, 121])


def test_missing_files_are_told(tmp_path):
    """By name where that is known; else what was planned is said."""
    names = write_parts(tmp_path)
    (tmp_path / names[1]).rename(tmp_path / "elsewhere")
    with pytest.raises(ImageReadError, match=r"a_MMStack_Pos0_1\.ome\.tif is missing"):
        read_image(tmp_path / names[0])
    (tmp_path / names[0]).unlink()
    (tmp_path / "elsewhere").rename(tmp_path / names[1])
    with pytest.raises(ImageReadError, match=r"such as a_MMStack_Pos0\.ome\.tif"):
        read_image(tmp_path / names[1])
    (tmp_path / names[3]).unlink()
    with read_image(tmp_path / names[2]) as image:
        assert image.n_times == 2
        assert image.assumptions == ("3 time points were planned, and 2 are here.",)


def test_several_positions_in_one_file_are_refused(tmp_path):
    """They are no Z stack and no time points."""
    planes = {(p, 0, c, 0): 10 * p + c for p in range(3) for c in (0, 1)}
    write_stack(tmp_path / "a_MMStack.ome.tif", planes, Positions=3)
    with pytest.raises(ImageReadError, match="holds 3 positions") as refusal:
        read_image(tmp_path / "a_MMStack.ome.tif", axes="ZCYX")
    assert not isinstance(refusal.value, AxesUnknownError)


def test_an_acquisition_without_positions_is_read(tmp_path):
    """Time, channels and Z are in their places, whatever the order in the file."""
    places = [(t, c, z) for t in range(2) for z in range(3) for c in (0, 1)]
    planes = {place: 100 * place[0] + 10 * place[1] + place[2] for place in places}
    path = tmp_path / "a_MMStack_Default.ome.tif"
    text = ome_of([("Default", {path.name: places})], n_times=2, n_z=3)
    write_stack(path, planes, description=text, Frames=2, Slices=3)
    with read_image(path) as image:
        assert (image.axes, image.channel_names) == ("TCZYX", ("DNA", "GFP"))
        assert values(image) == [[[100 * t + 10 * c + z for z in range(3)] for c in (0, 1)]
                                 for t in range(2)]  # fmt: skip
        assert image.assumptions == ()


def test_planes_that_were_left_out_on_purpose_are_filled_in(tmp_path):
    """A channel without Z stack beside one with; the nearest one, as Micro-Manager has it."""
    planes = {**{(0, 0, z): z for z in range(5)}, (0, 1, 2): 99}
    write_stack(tmp_path / "a_MMStack_Pos0.ome.tif", planes, Slices=5)
    with read_image(tmp_path / "a_MMStack_Pos0.ome.tif") as image:
        assert values(image) == [[0, 1, 2, 3, 4], [99] * 5]
        assert "left out 4 planes" in image.assumptions[0]


def test_a_stopped_acquisition_ends_with_its_last_complete_time_point(tmp_path):
    """Nothing is made up for what was never taken."""
    planes = {(0, 0, 0): 1, (0, 1, 0): 2, (1, 0, 0): 3, (1, 1, 0): 4, (2, 0, 0): 5}
    write_stack(tmp_path / "a_MMStack_Pos0.ome.tif", planes, Frames=10)
    with read_image(tmp_path / "a_MMStack_Pos0.ome.tif") as image:
        assert values(image) == [[1, 2], [3, 4]]
        assert image.assumptions == (
            "10 time points were planned, and 3 are here.",
            "The last time point is not complete; it was left out.",
        )


@pytest.mark.parametrize("place", [(2**31, 0, 0), (0, 2**31, 0), (0, 0, 2**31)])
def test_an_index_of_huge_numbers_is_refused_at_once(tmp_path, place):
    """Its numbers are no lengths of lists."""
    write_stack(tmp_path / "a_MMStack_Pos0.ome.tif", {(0, 0, 0): 1, place: 2}, Positions=2)
    with pytest.raises(ImageReadError, match=r"has 2 of them"):
        read_image(tmp_path / "a_MMStack_Pos0.ome.tif")


def test_an_index_that_fits_no_page_is_passed_over(tmp_path):
    """The rest of the file says what it is, or a person is asked."""
    path = tmp_path / "a_MMStack_Pos1.ome.tif"
    write_stack(path, dict.fromkeys(CHANNELS, 1), position=1, Positions=2)
    data = bytearray(path.read_bytes())
    data[-4:] = (2**31 + 1).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ImageReadError):
        read_image(path)
