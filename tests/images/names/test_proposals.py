"""Proposals of name patterns: what they put together, and what they never do."""

from pathlib import Path

import pytest

from napari_image_classifier.images.names.patterns import group_files
from napari_image_classifier.images.names.proposals import (
    nearest_preset,
    propose_patterns,
    unexplained_numbers,
)

WELLS = [f"{row}{column:02}" for row in "AB" for column in (1, 2, 3)]
FEW = ("A01", "A02", "B01", "B02")
GUIDS = (f"{i:08X}-1738-F7D9-3D9C-172411E20B8F" for i in range(10**6))


def composed(names, place=0):
    """The images of a proposal."""
    images, unmatched = group_files(
        [Path(name) for name in names], propose_patterns(names)[place], Path()
    )
    assert unmatched == []
    return images


@pytest.mark.parametrize(
    ("names", "n_images", "fields"),
    [
        ([f"P_{w}_T0001F00{f}L01A0{c}Z0{z}C0{c}.tif" for w in FEW for f in (1, 2) for c in (1, 2)
          for z in (1, 2)], 8, {"well": "A01", "site": "001", "plate": "P"}),
        ([f"ABCD_{w}_s{s}_w{c}{next(GUIDS)}.tif" for w in FEW for s in (1, 2) for c in (1, 2)],
         8, {"plate": "ABCD", "well": "A01", "site": "1"}),
        ([f"exp{e}_w{i}CSU_{c}_s{s}_t1.TIF" for e in (1, 2) for i, c in ((1, 405), (2, 488))
          for s in (1, 2)], 4, {"name": "exp1", "site": "1"}),
        ([f"TimePoint_1/ZStep_{z}/9987_{w}_s{s}_w{c}.TIF" for z in (1, 2, 3) for w in FEW
          for s in (1, 2) for c in (1, 2)], 8, {"plate": "9987", "well": "A01", "site": "1"}),
        ([f"{w}_01_{i}_{s}_{c}_001.tif" for w in FEW for i, c in enumerate(("DAPI", "GFP"), 1)
          for s in (1, 2)], 8, {"well": "A01", "step": "01", "site": "1"}),
        ([f"{r} - {c:02}(fld {f} wv {w}).tif" for r in "AB" for c in (1, 2) for f in (1, 2)
          for w in ("UV - DAPI", "Blue - FITC")], 8, {"well": "A - 01", "site": "1"}),
        ([f"{r}_{c:02}_w{w}.tif" for r in "AB" for c in (1, 2) for w in (1, 2)],
         4, {"row": "A", "column": "01", "well": "A01"}),
        ([f"img_A0{c}_x_C0{c}_{s}.tif" for c in (1, 2) for s in range(4)], 4, {"number": "0"}),
        ([f"{w}.{a}{n}_C{c}.tif" for w in ("A01", "B02") for a in "ab" for n in (1, 2)
          for c in (1, 2)], 8, {"well": "A01.a1"}),
        ([f"{c}/img_{i:03}.tif" for c in ("DAPI", "GFP") for i in range(4)], 4, {"number": "000"}),
        ([f"VID9_{c}_{w}_1_0{d}d06h00m.tif" for c in ("Phase", "Green") for w in FEW
          for d in (0, 1)], 4, {"name": "VID9", "well": "A01", "site": "1"}),
    ],
    ids=["CellVoyager", "GUIDs", "CSU_405", "folders", "Cytation", "IN Cell", "rows", "together",
         "1536", "channel folders", "Incucyte"],
)  # fmt: skip
def test_the_first_proposal_makes_the_images_that_a_person_would(names, n_images, fields):
    """Each whole, with what the name says of it."""
    images = composed(names)
    assert len(images) == n_images
    assert all(not image.missing and not image.clashing for image in images)
    assert images[0].fields == fields


@pytest.mark.parametrize(
    "names",
    [
        [f"exp_p{p:02}_c{c}.tif" for p in range(5) for c in (1, 2)],
        [f"exp_Pos_{p:03}_c{c}.tif" for p in range(5) for c in (1, 2)],
        [f"{w}_{s}_{c}.tif" for w in WELLS for s in (1, 2, 3) for c in ("DAPI", "GFP")],
        [f"x_{w}_{s}_{k}_c{c}.tif" for w in WELLS for s in (1, 2) for k in (1, 2) for c in (1, 2)],
        [f"Pos{p}/img_c{c}.tif" for p in range(4) for c in (1, 2)],
    ],
    ids=["p", "Pos", "bare", "two bare", "folder"],
)
def test_positions_are_never_made_planes_or_time_points(names):
    """No proposal, however far down."""
    for pattern in propose_patterns(names):
        assert not {"z", "time"} & set(pattern.fields)
        images, _ = group_files([Path(name) for name in names], pattern, Path())
        assert len(images) == len(names) // 2


@pytest.mark.parametrize(
    "names",
    [
        [f"{c}/img_{i:03}.tif" for c in ("mitotic", "interphase") for i in range(4)],
        [f"{c}/img_{i:03}.tif" for c in ("mito", "golgi", "er") for i in range(4)],
        [f"{c}/{w}.tif" for c in ("P1", "P2") for w in WELLS],
    ],
    ids=["phases", "organelles", "plates"],
)
def test_class_folders_and_plates_are_no_channels(names):
    """Though organelles are stained, too."""
    assert propose_patterns(names) == []


def test_numbers_that_could_be_sites_planes_or_times_are_asked():
    """Where they repeat in every well; letters answer, and so does a single row of numbers."""
    assert unexplained_numbers([f"{w}_{s}.tif" for w in WELLS for s in (1, 2)]) == {"1", "2"}
    assert unexplained_numbers(
        [f"e_p{p}_c{c}_DAPI.tif" for p in (1, 2) for c in (1, 2)]
    ) == {"1", "2"}  # fmt: skip
    assert unexplained_numbers([f"x_{i}_{k}.tif" for i in range(3) for k in (7, 8)]) == {
        "0", "1", "2",
    }  # fmt: skip
    for names in (
        [f"{w}_s{s}.tif" for w in WELLS for s in (1, 2)],
        [f"img{i:03}.tif" for i in range(20)],
        [f"{c}_{i}.tif" for c in ("control", "treated") for i in range(9)],
        [],
    ):
        assert unexplained_numbers(names) == set()


@pytest.mark.parametrize(
    ("name", "microscope"),
    [("P_A01_T0001F001L01A01Z01C01.png", "CellVoyager"), ("A - 1(fld 3).tif", "IN Cell"),
     ("B4--W00016--P00003--DAPI.tif", "scan^R"), ("r01c01f01p01.tiff", "Operetta")],
)  # fmt: skip
def test_the_preset_of_the_most_similar_names_is_near(name, microscope):
    """Where none fits."""
    assert nearest_preset([name]).family == microscope


def test_braces_in_names_are_no_fields():
    """They can't stand in a pattern."""
    names = [f"a{{x}}_w{c}.tif" for c in (1, 2)]
    assert all("{x}" not in pattern.text for pattern in propose_patterns(names))
    mixed = [*names, *(f"{w}_c{c}.tif" for w in WELLS for c in (1, 2))]
    assert propose_patterns(mixed)[0].text == "{well}_c{channel}.tif"
