"""query: which items are meant, said once for docks, jobs and commands."""

import json
from dataclasses import fields
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from napari_image_classifier.items.item import ItemsError
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.items.reading import read_items, read_query
from napari_image_classifier.system.records import as_json, from_json


@pytest.fixture
def folder(tmp_path):
    """Three images of two classes."""
    for name in ("control/1", "control/2", "depleted/3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Picture.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / f"{name}.png")
    return tmp_path


def test_a_query_asks_what_read_items_takes():
    """A parameter that is renamed or added is noticed here; files are for docks alone."""
    asked = {field.name for field in fields(ItemsQuery)}
    assert asked - {"files"} == set(signature(read_items).parameters)


def test_a_query_reads_what_read_items_reads(folder):
    """Every parameter by its name."""
    query = ItemsQuery(folder, group="folder", annotated=False)
    assert read_query(query) == read_items(folder, group="folder", annotated=False)


def test_a_query_travels_as_json():
    """To the compute process, with its paths."""
    query = ItemsQuery(Path("a"), Path("b.csv"), each="time", files=(Path("1.tif"), Path("2.tif")))
    assert from_json(ItemsQuery, json.loads(json.dumps(as_json(query)))) == query


def test_only_the_files_that_are_named_are_items(folder):
    """In their order, without a class; one that is not there is named."""
    wanted = (folder / "depleted" / "3.png", folder / "control" / "1.png")
    table = read_query(ItemsQuery(folder, files=wanted))
    assert [(item.file, item.class_name) for item in table.items] == [
        ("depleted/3.png", None), ("control/1.png", None),
    ]  # fmt: skip
    with pytest.raises(ItemsError, match=r"names 1 file that can't be found.*4\.png"):
        read_query(ItemsQuery(folder, files=(*wanted, folder / "4.png")))
