"""Name patterns, the images that they make of files, and proposals from the names."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_image_classifier.images.names.patterns import (
    PRESETS,
    FilePart,
    ImageFiles,
    NamePattern,
    NamePatternError,
    group_files,
)
from napari_image_classifier.images.names.proposals import propose_patterns

ROOT = Path("/images")


def group(names, pattern):
    images, unmatched = group_files([ROOT / name for name in names], NamePattern(pattern), ROOT)
    return images, [path.name for path in unmatched]


@pytest.mark.parametrize(
    ("preset", "name", "fields"),
    [
        ("Leica", "Series001_z00_ch00.tif", {"series": "Series001", "z": "00", "channel": "00"}),
        ("Nikon, without a name", "xy01c1.tif", {"site": "01", "channel": "1"}),
        ("Nikon", "day2xy01c1.tif", {"name": "day2", "site": "01", "channel": "1"}),
        ("ZEN", "Experiment-01_s1c2.tif", {"name": "Experiment-01", "site": "1", "channel": "2"}),
        ("MetaMorph", "well_A01_s1_w2.TIF",
         {"plate": "well", "well": "A01", "site": "1", "channel": "2"}),
        ("MetaMorph, acquisition", "exp_w1GFP_s2_t10.tif",
         {"name": "exp", "channel": "1GFP", "site": "2", "time": "10"}),
        ("Operetta", "r02c03f04p05-ch1sk1fk1fl1.tiff",
         {"row": "02", "column": "03", "site": "04", "z": "05", "channel": "1", "time": "1"}),
    ],
)  # fmt: skip
def test_presets_describe_the_names_of_their_microscopes(preset, name, fields):
    """Upper and lower case are the same."""
    assert NamePattern(PRESETS[preset]).match(name) == fields


def test_pattern_is_compared_with_the_name_or_with_folders():
    """A "/" in the pattern takes folders in."""
    assert NamePattern("{well}_w{channel}.tif").match("plate 1/A01_w1.tif") is not None
    found = NamePattern("{plate}/{well}_w{channel}.tif").match("screen/plate 1/A01_w1.tiff")
    assert found == {"plate": "plate 1", "well": "A01", "channel": "1"}
    assert NamePattern("{well}_w{channel}.tif").match("A01_1.tif") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [("a.tif", "no field"), ("{well_w1.tif", "brace"), ("{a b}.tif", "name of letters"),
     ("{z}_{z}.tif", "twice")],
)  # fmt: skip
def test_pattern_that_makes_no_sense_is_refused(text, words):
    """With a sentence and an example."""
    with pytest.raises(NamePatternError, match=words):
        NamePattern(text)


def test_files_of_one_image_are_grouped_in_the_order_of_their_numbers():
    """Channels, planes and times tell files apart; all else says which image it is."""
    names = [f"A{w}_z{z}_w{c}.tif" for w in (1, 2) for c in (2, 1) for z in (10, 9)]
    images, unmatched = group([*names, "notes.tif"], "{well}_z{z}_w{channel}.tif")
    assert [image.name for image in images] == [
        "A1_z{z}_w{channel}.tif", "A2_z{z}_w{channel}.tif",
    ]  # fmt: skip
    assert [(p.channel, p.z) for p in images[0].parts] == [
        ("1", "9"), ("1", "10"), ("2", "9"), ("2", "10"),
    ]  # fmt: skip
    assert (images[0].fields, images[0].missing) == ({"well": "A1"}, ())
    assert unmatched == ["notes.tif"]


def test_same_names_in_different_folders_are_different_images():
    """The classes are folders, and wells repeat in them."""
    names = [f"{folder}/A1_w{c}.tif" for folder in ("control", "depleted") for c in (1, 2)]
    images, _ = group(names, "{well}_w{channel}.tif")
    assert [image.name for image in images] == [
        "control/A1_w{channel}.tif", "depleted/A1_w{channel}.tif",
    ]  # fmt: skip


def test_missing_channel_and_plane_are_named():
    """With the name of the file that should be there."""
    names = ["A1_w1.tif", "A1_w2.tif", "A2_w1.tif"]
    images, _ = group(names, "{well}_w{channel}.tif")
    assert [image.missing for image in images] == [(), ("channel 2 (A2_w2.tif)",)]
    stack = [f"A1_z{z}_w{c}.tif" for z in range(3) for c in (1, 2) if (z, c) != (1, 2)]
    images, _ = group(stack, "{well}_z{z}_w{channel}.tif")
    assert images[0].missing == ("channel 2, z 1 (A1_z1_w2.tif)",)


def test_gap_in_a_stack_is_missing_but_a_shorter_stack_is_not():
    """Half of the images may well be deeper than the others."""
    gap, _ = group([f"A1_z{z}.tif" for z in (0, 1, 3)], "{well}_z{z}.tif")
    assert gap[0].missing == ("z 2 (A1_z2.tif)",)
    names = [f"A{w}_z{z}.tif" for w in range(4) for z in range(3 + w % 2)]
    images, _ = group(names, "{well}_z{z}.tif")
    assert all(image.missing == () for image in images)


def test_without_a_pattern_each_file_is_an_image():
    """Sorted by name."""
    images, unmatched = group_files([ROOT / "b/2.tif", ROOT / "a.tif"], None, ROOT)
    assert images == [
        ImageFiles("a.tif", (FilePart(ROOT / "a.tif"),)),
        ImageFiles("b/2.tif", (FilePart(ROOT / "b/2.tif"),)),
    ]
    assert unmatched == []
    assert ImageFiles.single(ROOT / "b/2.tif", ROOT) == images[1]


WELLS = [f"{row}{column:02}" for row in "AB" for column in (1, 2, 3)]


@pytest.mark.parametrize(
    ("names", "n_images"),
    [
        ([f"Series{s:03}_z{z:02}_ch{c:02}.tif" for s in range(3) for z in range(4)
          for c in range(2)], 3),
        ([f"{w}_s{s}_w{c}.tif" for w in WELLS for s in (1, 2) for c in (1, 2)], 12),
        ([f"plate1_{w}_s1_w{c}.tif" for w in WELLS for c in (1, 2)], 6),
        ([f"xy{s:02}c{c}.tif" for s in range(5) for c in (1, 2)], 5),
        ([f"x/P1_{w}_{c}.tif" for w in WELLS for c in ("DAPI", "GFP", "Alexa488")], 6),
        ([f"{c}-{s}.tif" for s in range(9) for c in ("DAPI", "GFP")], 9),
        ([f"r{r:02}c{c:02}f01p{p:02}-ch{ch}sk1fk1fl1.tiff" for r in (1, 2) for c in (1, 2)
          for p in (1, 2) for ch in (1, 2)], 4),
        ([f"{folder}/{c}.tif" for folder in "abcd" for c in ("DAPI", "GFP")], 4),
    ],
    ids=["Leica", "MetaMorph", "plate", "Nikon", "dyes", "dye first", "Operetta", "folders"],
)  # fmt: skip
def test_pattern_is_proposed_from_the_names(names, n_images):
    """The best one makes the images that a person would."""
    best = propose_patterns(names)[0]
    images, unmatched = group_files([Path(name) for name in names], best, Path())
    assert len(images) == n_images
    assert unmatched == []
    assert all(not image.missing for image in images)
    assert {len(image.parts) for image in images} == {len(names) // n_images}


@pytest.mark.parametrize(
    "names",
    [
        [], ["a.tif"], ["a.tif", "b.tif"], [f"img{i:03}.tif" for i in range(20)],
        [f"{c}_{i}.tif" for c in ("control", "depleted") for i in range(9)],
        [f"{w}.tif" for w in WELLS],
    ],
    ids=["none", "one", "two", "numbers", "classes", "wells"],
)  # fmt: skip
def test_nothing_is_proposed_for_images_of_one_file(names):
    """Two classes in the names are no two channels."""
    assert propose_patterns(names) == []


def test_ignored_text_says_nothing():
    """As often as needed; it may be none, and it stays in the image's name."""
    names = ["A01_w1_x7.tif", "A01_w2_q.tif", "A02_w1_.tif", "A02_w12_5.tif"]
    images, _ = group(names, "{well}_w{channel}_{*}.tif")
    assert [image.name for image in images] == ["A01_w{channel}_{*}.tif", "A02_w{channel}_{*}.tif"]
    assert [part.channel for part in images[1].parts] == ["1", "12"]
    assert NamePattern("L{*}A{*}C{channel}{*}.tif").match("L01A02C12x.tif") == {"channel": "12"}
    with pytest.raises(NamePatternError, match="no field"):
        NamePattern("{*}.tif")


def test_files_of_one_part_clash_and_are_no_image():
    """What tells them apart was ignored."""
    images, _ = group(["A1_x_w1.tif", "A1_y_w1.tif", "A2_x_w1.tif"], "{well}_{*}_w{channel}.tif")
    assert [image.clashing for image in images] == [("A1_x_w1.tif and A1_y_w1.tif",), ()]


def test_without_channels_planes_and_times_each_file_is_an_image():
    """Under its own name, whatever is ignored."""
    images, _ = group(["A01_x.tif", "A01_y.tif"], "{well}_{*}.tif")
    assert [(image.name, image.clashing) for image in images] == [
        ("A01_x.tif", ()), ("A01_y.tif", ()),
    ]  # fmt: skip


def test_guids_behind_numbers_are_passed_over():
    """MetaXpress writes another one in every name."""
    guids = ("16513270E-269E-0D37-F2A7-4DE452E6B438", "28E81973E-0BEC-D7B0-3898-D190F9EBDACC")
    names = [f"ABCD_A01_s1_w{guid}.tif" for guid in guids]
    images, _ = group(names, "{plate}_{well}_s{site}_w{channel}.tif")
    assert [image.name for image in images] == ["ABCD_A01_s1_w{channel}.tif"]
    assert [part.channel for part in images[0].parts] == ["1", "2"]
    assert NamePattern("{well}_{guid}.tif").match(f"A01_{guids[0][1:]}.tif") is not None


def test_channels_may_hold_underscores_where_nothing_else_fits():
    """Not where they would swallow another field, and not where names can be read in two ways."""
    pattern = NamePattern("{name}_w{channel}_s{site}.tif")
    assert pattern.match("exp_w1CSU_405_s2.tif") == {
        "name": "exp", "channel": "1CSU_405", "site": "2",
    }  # fmt: skip
    assert NamePattern("{name}_{channel}.tif").match("a_b_DAPI.tif") == {
        "name": "a_b", "channel": "DAPI",
    }  # fmt: skip
    assert NamePattern("{name}_w{channel}_t{time}.tif").match("exp_w1_s2_t1.tif") is None
    assert pattern.match("exp_w1_w2CSU_405_s2.tif") is None


@pytest.mark.parametrize(
    ("names", "text", "well"),
    [
        (["r02c11f1.tif"], "r{row}c{column}f{site}.tif", "B11"),
        (["B_3_w1.tif"], "{row}_{column}_w{channel}.tif", "B03"),
        (["af48.tif"], "{row}{column}.tif", "AF48"),
        (["A - 01(fld 1).tif"], "{well}(fld {site}).tif", "A - 01"),
        (["A01.d4_w1.tif"], "{well}_w{channel}.tif", "A01.d4"),
        (["r00c01.tif", "r01c01.tif"], "r{row}c{column}.tif", None),
    ],
)
def test_rows_and_columns_make_a_well(names, text, well):
    """Letters or numbers; none where they are counted from 0."""
    images, _ = group(names, text)
    assert images[0].fields.get("well") == well


@pytest.mark.parametrize(
    ("names", "text", "missing"),
    [
        (["a_20210101120000.tif", "a_20210301120000.tif"], "{name}_{time}.tif", ()),
        (["a_z0.tif", "a_z50000000.tif"], "{name}_z{z}.tif", ()),
        ([f"a_{10**13 + 7919 * i}_z{50_000 * i}.tif" for i in range(300)], "{name}_{time}_z{z}.tif",
         300 * 300 - 300),
    ],
    ids=["times", "planes", "both"],
)  # fmt: skip
def test_numbers_in_names_make_nothing_that_is_not_there(names, text, missing):
    """However far they are apart; the missing files are counted, and a few named."""
    images, _ = group(names, text)
    (image,) = images
    if isinstance(missing, int):
        assert len(image.missing) == 6
        assert image.missing[-1] == f"{missing - 5} more files"
    else:
        assert image.missing == missing


TOKENS = ("A", "B01", "w1", "_", "s", "z", "2", "10", "DAPI", "/", " - ", ".", "é")


@given(
    st.sets(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=6).map("".join), max_size=12),
    st.sampled_from(
        ["{name}_w{channel}.tif", "{*}{well}{*}z{z}{*}.tif", "{row}{column}_{channel}{*}.tif"]
    ),
)
def test_every_file_is_in_one_image_or_in_none(stems, text):
    """Whatever names are: none is lost, none is in two, and no two images have one name."""
    paths = sorted({ROOT / f"{stem.strip('/')}.tif" for stem in stems})
    images, unmatched = group_files(paths, NamePattern(text), ROOT)
    listed = [part.path for image in images for part in image.parts] + unmatched
    assert sorted(listed) == paths
    assert len({image.name for image in images}) == len(images)
