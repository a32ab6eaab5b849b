"""folder_names: no class leads anywhere but into its own folder."""

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_image_classifier.system.file_names import folder_names, safe_name


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("G1/S phase", "G1_S phase"),
        ("../x", "__x"),
        ("..", "_"),
        (".", "_"),
        ("", "_"),
        ("   ", "_"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\Windows", "C__Windows"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("con .txt", "_con .txt"),
        ("\u202egpj\x9b\x1b", "_gpj__"),
        ("caf\udce9", "caf_"),
        ("COM1", "_COM1"),
        ("ends with a point.", "ends with a point_"),
        (".hidden", "_hidden"),
        ("a\nb", "a_b"),
        ("Überexpression", "Überexpression"),
        ("negative_control", "negative_control"),
    ],
)
def test_names_that_would_lead_elsewhere(label, name):
    """Or that some system can't write."""
    assert safe_name(label) == name


def test_names_that_only_some_systems_tell_apart():
    """Windows and macOS take G1 and g1 for one folder."""
    names = folder_names(["G1", "g1", "a/b", "a:b", "error"], taken=["error"])
    assert list(names.values()) == ["G1", "g1 (2)", "a_b", "a_b (2)", "error (2)"]


def test_a_name_is_no_longer_than_systems_take_it():
    """They count bytes, of which an emoji has four."""
    first, second = folder_names(["😀" * 300, "😀" * 299]).values()
    assert first != second
    assert max(len(first.encode()), len(second.encode())) <= 255


@given(st.lists(st.text(max_size=120), max_size=8))
def test_any_labels_give_as_many_folders_side_by_side(labels):
    """Each one step below its parent, on every system."""
    names = folder_names(labels)
    assert set(names) == set(labels)
    assert len({name.casefold() for name in names.values()}) == len(names)
    for name in names.values():
        for kind in (PurePosixPath, PureWindowsPath):
            assert (kind("output") / name).parent == kind("output")
            assert (kind("output") / name).name == name
        assert Path(name).name == name
        assert name not in {".", ".."}
        assert len(name.encode()) <= 255
