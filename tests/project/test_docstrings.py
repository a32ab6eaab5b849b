"""The rule for docstrings, on a package that breaks it."""

import runpy

import pytest

from helpers.paths import REPOSITORY

CHECKER = runpy.run_path(str(REPOSITORY / "tools" / "check_docstrings.py"))["Checker"]

ROOT = '_HOMES = {"read": "images.image"}\n'
ERRORS = '''
class ImageClassifierError(Exception):
    """An error that a person is meant to read."""
'''
READER = '''"""Which files are images?"""
from napari_image_classifier.errors import ImageClassifierError

class Broken(ImageClassifierError):
    """A file that is damaged."""

def read(path: str, planes: int = 1) -> str:
    """Return an image.

    Parameters
    ----------
    path
        Where it is.
    """
    if not path:
        raise Broken(path)
    return path

def kept_inside(path: str) -> str:
    """Return a path that nobody else asks for."""
    return path
'''
WHOLE = '''"""Images of files."""
from collections.abc import Iterator
from dataclasses import dataclass
from napari_image_classifier.errors import ImageClassifierError

class Broken(ImageClassifierError):
    """A file that is damaged."""

def read(path: str, planes: int = 1) -> Iterator[str]:
    """Yield the planes of an image.

    Parameters
    ----------
    path
        Where it is.
    planes
        How many there are.

    Yields
    ------
    str
        A plane.

    Raises
    ------
    ImageClassifierError
        The file is damaged.
    """
    if not path:
        raise Broken(path)
    yield path

@dataclass
class Box:
    """A box.

    Attributes
    ----------
    size
        In pixels.
    """

    size: int

    @property
    def area(self) -> int:
        """Pixels in it."""
        return self.size**2
'''
USER = '"""Boxes."""\nfrom napari_image_classifier.images.image import Box\n'


@pytest.fixture
def checks(tmp_path):
    """A function: the source of the reader -> which checks find which names."""

    def checks(reader):
        for name, text in {
            "__init__.py": ROOT,
            "errors.py": ERRORS,
            "images/image.py": reader,
            "items/box.py": USER,
        }.items():
            path = tmp_path / "src" / "napari_image_classifier" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return {(each.name, each.check) for each in CHECKER(tmp_path).findings()}

    return checks


def test_what_is_missing_is_found(checks):
    """A question, a parameter, what comes back, and an error; nothing of what is asked within."""
    assert checks(READER) == {
        ("images.image", "NP01"),
        ("images.image.read", "PR01"),
        ("images.image.read", "RT01"),
        ("images.image.read", "RS01"),
    }


def test_a_whole_docstring_passes(checks):
    """With the class of the error or one above it, and fields as attributes."""
    assert checks(WHOLE) == set()


def test_a_field_of_what_another_package_imports_is_told(checks):
    """Fields are the parameters of a data class."""
    assert checks(WHOLE.replace("    size: int", "    size: int\n    depth: int = 1")) == {
        ("images.image.Box", "PR01")
    }


def test_a_parameter_that_is_gone_is_told_wherever_it_is(checks):
    """Of a function within a package as well."""
    described = (
        '"""Return a path.\n\n    Parameters\n    ----------\n    gone\n        No.\n    """'
    )
    within = READER.replace('"""Return a path that nobody else asks for."""', described)
    assert {("images.image.kept_inside", "PR01"), ("images.image.kept_inside", "PR02")} <= checks(
        within
    )
