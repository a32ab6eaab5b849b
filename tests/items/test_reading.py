"""items: the table of what is classified."""

import json
import unicodedata

import numpy as np
import pytest
from PIL import Image as Picture

from napari_image_classifier.images.discovery import ImageFolderError
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.item import ItemsError, ItemTable
from napari_image_classifier.items.reading import EACH_STANDS_ALONE, read_items
from napari_image_classifier.system.records import as_json, from_json
from napari_image_classifier.system.shown_text import readable


def save_picture(path):
    """Write a tiny grey PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(np.zeros((4, 4), np.uint8)).save(path)


@pytest.fixture
def class_folders(tmp_path):
    """Two classes, wells below them, and the rubbish that real folders hold."""
    for name in ("control/A01/1", "control/A02/1", "depleted/B01/1", "depleted/B01/2"):
        save_picture(tmp_path / f"{name}.png")
    (tmp_path / "control" / "._1.png").write_bytes(b"\0")
    (tmp_path / "control" / ".DS_Store").write_bytes(b"\0")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_the_first_sub_folder_is_the_class(class_folders):
    """However deep the image lies; names use “/”."""
    table = read_items(class_folders)
    assert [(item.file, item.class_name) for item in table.items] == [
        ("control/A01/1.png", "control"),
        ("control/A02/1.png", "control"),
        ("depleted/B01/1.png", "depleted"),
        ("depleted/B01/2.png", "depleted"),
    ]
    assert table.class_names == ("control", "depleted")


def test_rubbish_is_passed_over_and_counted(class_folders):
    """Hidden files, other formats and empty folders are no errors."""
    assert read_items(class_folders).passed_over == {
        "hidden files": 2,
        "files of other formats": 1,
        "empty folders": 1,
    }


def test_without_a_group_the_table_says_what_was_assumed(class_folders):
    """Each image stands alone, and that is said."""
    assert read_items(class_folders).assumptions == (EACH_STANDS_ALONE,)


def test_a_folder_level_groups(class_folders):
    """The second folder is the well; "folder" is the one the image lies in."""
    for group in ("folder:2", "folder"):
        table = read_items(class_folders, group=group)
        assert [item.group for item in table.items] == [
            "control/A01", "control/A02", "depleted/B01", "depleted/B01",
        ]  # fmt: skip
        assert table.assumptions == ()


def test_an_unknown_group_is_refused(class_folders):
    """The sentence names what there is to group by."""
    with pytest.raises(ItemsError, match=r"no column or field “well”.*folder"):
        read_items(class_folders, group="well")


def test_a_table_names_files_classes_and_groups(class_folders):
    """Relative paths, a semicolon, other columns kept, a class left empty."""
    path = class_folders / "items.csv"
    path.write_text(
        "file;class;well;day\ncontrol/A01/1.png;wild type;A01;1\ndepleted/B01/2.png;;B01;2\n",
        encoding="utf-8-sig",
    )
    table = read_items(class_folders, items_csv=path, group="well")
    assert [(i.file, i.class_name, i.group, i.columns["day"]) for i in table.items] == [
        ("control/A01/1.png", "wild type", "A01", "1"),
        ("depleted/B01/2.png", None, "B01", "2"),
    ]


def test_a_table_may_name_files_elsewhere(class_folders, tmp_path_factory):
    """Absolute paths outside the folder are taken."""
    elsewhere = tmp_path_factory.mktemp("drive") / "x.png"
    save_picture(elsewhere)
    path = class_folders / "items.csv"
    path.write_text(f"file,class\n{elsewhere},a\n")
    (item,) = read_items(class_folders, items_csv=path).items
    assert item.image.parts[0].path == elsewhere


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,class\n1.png,a\n", "no column “file”"),
        ("file,class\nnowhere.png,a\n", "nowhere.png"),
        ("file,class\n", "no images"),
        ("file,class\ncontrol/A01/1.png,a\ncontrol/A01/1.png,b\n", "two classes, a and b"),
    ],
)
def test_a_table_that_is_wrong_is_refused(class_folders, text, sentence):
    """A missing column, a missing file, no rows, two classes for one image."""
    path = class_folders / "items.csv"
    path.write_text(text)
    with pytest.raises(ItemsError, match=sentence):
        read_items(class_folders, items_csv=path)


def test_files_of_one_image_make_one_item(tmp_path):
    """With a name pattern; the fields become columns, and can be the group."""
    for well in ("A01", "A02"):
        for channel in (1, 2):
            save_picture(tmp_path / "cells" / f"{well}_s1_w{channel}.png")
    table = read_items(tmp_path, pattern="{well}_s{site}_w{channel}.png", group="well")
    assert [(i.file, i.group, i.columns["site"]) for i in table.items] == [
        ("cells/A01_s1_w{channel}.png", "A01", "1"),
        ("cells/A02_s1_w{channel}.png", "A02", "1"),
    ]
    assert len(table.items[0].image.parts) == 2


def test_every_plane_can_be_an_item(tmp_path):
    """Planes and time points are listed from the file."""
    stack = Image.from_array(np.zeros((3, 8, 8), np.uint8), "ZYX")
    (tmp_path / "a").mkdir()
    write_image(tmp_path / "a" / "stack.tif", stack)
    table = read_items(tmp_path, each="plane")
    assert [item.selection for item in table.items] == ["z=0", "z=1", "z=2"]


def test_a_folder_that_is_not_there_or_empty_is_refused(tmp_path):
    """A sentence with the folder in it."""
    with pytest.raises(ItemsError, match="no images"):
        read_items(tmp_path)
    with pytest.raises(ImageFolderError, match="no folder"):
        read_items(tmp_path / "nowhere")


def test_the_table_reaches_the_compute_process_unchanged(class_folders):
    """Through JSON and back nothing changes."""
    table = read_items(class_folders, group="folder")
    assert from_json(ItemTable, json.loads(json.dumps(as_json(table)))) == table


def table_of(folder, text, encoding="utf-8"):
    """A table of items as a spreadsheet saves it."""
    path = folder / "items.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture
def six(tmp_path):
    """Three images of each of two classes to be."""
    for name in ("c0", "c1", "c2", "d0", "d1", "d2"):
        save_picture(tmp_path / f"{name}.png")
    return tmp_path


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_a_table_of_a_spreadsheet(six, encoding):
    """Capital titles, empty rows, an umlaut: whatever the spreadsheet's country and encoding."""
    rows = "".join(f"{name}.png;Geschädigt;A0{name[1]}\r\n" for name in ("c0", "c1", "d2"))
    table = read_items(
        six, items_csv=table_of(six, f"File;Class;Well\r\n{rows};;\r\n", encoding), group="Well"
    )
    assert table.class_names == ("Geschädigt",)
    assert [item.group for item in table.items] == ["A00", "A01", "A02"]
    assert any("Windows-1252" in text for text in table.assumptions) == (encoding == "cp1252")


def test_what_unicode_writes_in_two_ways_is_one_class_and_one_file(tmp_path):
    """A Mac writes an umlaut as two characters, a spreadsheet as one."""
    save_picture(tmp_path / unicodedata.normalize("NFD", "Geschädigt") / "1.png")
    save_picture(tmp_path / unicodedata.normalize("NFC", "Geschädigt") / "2.png")
    save_picture(tmp_path / "Gesund" / "3.png")
    table = read_items(tmp_path)
    assert table.class_names == ("Geschädigt", "Gesund")
    rows = "file,class\nGeschädigt/1.png,ä\nGeschädigt/2.png,a\u0308\n"
    named = read_items(tmp_path, items_csv=table_of(tmp_path, rows))
    assert [item.image for item in named.items] == [item.image for item in table.items[:2]]
    assert named.class_names == ("ä",)
    absolute = unicodedata.normalize("NFC", str(table.items[0].image.parts[0].path))
    assert read_items(tmp_path, items_csv=table_of(tmp_path, f"file\n{absolute}\n")).items


def test_classes_that_nobody_can_tell_apart_are_refused_until_one_is_renamed(six):
    """Or training would learn to tell one class from itself."""
    path = table_of(six, "file,class\nc0.png,Control\nc1.png,control\nd0.png,depleted\n")
    with pytest.raises(ItemsError, match=r"“Control”, “control” of .* differ only in upper"):
        read_items(six, items_csv=path)
    renamed = read_items(six, items_csv=path, rename_classes={"Control": "control"})
    assert renamed.class_names == ("control", "depleted")
    path = table_of(six, "file,class\nc0.png,late prophase\nc1.png,late  prophase\n")
    with pytest.raises(ItemsError, match="differ only in"):
        read_items(six, items_csv=path)


def test_a_class_that_can_not_be_written_is_refused_before_anything_runs(six):
    """Its bytes are in another encoding than those of the rest."""
    path = six / "items.csv"
    path.write_bytes("file,class\nc0.png,ä\nc1.png,".encode() + b"\xe4\n")
    with pytest.raises(ItemsError, match="has bytes that are no text"):
        read_items(six, items_csv=path)


@pytest.mark.parametrize("name", ["a\u200bb", "\x1b[31m", "\u202eb", "\ufeffa"])
def test_a_class_that_nobody_can_read_is_refused_before_anything_runs(six, name):
    """It would look like another one, or act on a terminal."""
    path = six / "items.csv"
    path.write_text(f"file,class\nc0.png,ä\nc1.png,{name}\n", "utf-8")
    with pytest.raises(ItemsError, match=r"no text|not seen") as refused:
        read_items(six, items_csv=path)
    assert readable(name) in str(refused.value)


def test_a_table_may_stand_alone(six):
    """Its files lie beside it, or are named in full."""
    path = table_of(six, f"file,class\nc0.png,a\n{six / 'd0.png'},b\n")
    assert [item.file for item in read_items(items_csv=path).items] == ["c0.png", "d0.png"]
    with pytest.raises(ItemsError, match="Give the folder"):
        read_items()


def test_wells_of_several_plates_are_groups_of_their_own(tmp_path):
    """A well is plate and well, whether folders tell the plate or names do."""
    for plate in ("P1", "P2"):
        for well in ("A01", "A02"):
            save_picture(tmp_path / plate / f"{plate}_{well}.png")
    for pattern in ("{*}_{well}.png", "{plate}_{well}.png"):
        table = read_items(tmp_path, pattern=pattern, group="well", annotated=False)
        assert [item.group for item in table.items] == ["P1 A01", "P1 A02", "P2 A01", "P2 A02"]
    first = read_items(tmp_path / "P1", pattern="{plate}_{well}.png", group="well")
    assert [item.group for item in first.items] == ["A01", "A02"]


def test_what_a_pattern_leaves_open_is_an_assumption(tmp_path):
    """Folders that are plates, channels that never repeat."""
    for plate in ("P1", "P2"):
        save_picture(tmp_path / plate / "A01.png")
    table = read_items(tmp_path, pattern="{well}.png", annotated=False)
    assert any("P1, P2 hold the same wells" in text for text in table.assumptions)


def test_folders_of_planes_and_times_are_no_classes(tmp_path):
    """Nor are they lost: the class is a folder above them."""
    for z in (1, 2):
        save_picture(tmp_path / f"ZStep_{z}" / "A01.png")
        save_picture(tmp_path / "control" / f"ZStep_{z}" / "A01.png")
    table = read_items(tmp_path, pattern="ZStep_{z}/{well}.png")
    assert [item.class_name for item in table.items] == [None, "control"]
    save_picture(tmp_path / "wells" / "A01" / "1.png")
    for pattern, class_name in (("{well}/{name}.png", None), ("{drug}/{name}.png", "A01")):
        (item,) = read_items(tmp_path / "wells", pattern=pattern).items
        assert item.class_name == class_name
