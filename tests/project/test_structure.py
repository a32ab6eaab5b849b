"""The tool that keeps circles and heaps out, and today's tree under it."""

import runpy

from helpers.paths import REPOSITORY

STRUCTURE = runpy.run_path(str(REPOSITORY / "tools" / "structure.py"))


def test_the_tree_has_no_circle_and_no_heap():
    """Imports at the head of a module, within functions, and for types alone."""
    edges = STRUCTURE["imports"]()
    assert sum(len(others) for others in edges.values()) > 500
    root = REPOSITORY / "src" / "napari_image_classifier"
    assert list(STRUCTURE["faults"](root, edges)) == []


def test_circles_are_found():
    """Of two, of three, and of a module with itself; what only leads there is in none."""
    edges = {
        "first": {"a"},
        "a": {"b"},
        "b": {"c", "last"},
        "c": {"a"},
        "d": {"e"},
        "e": {"d", "a"},
        "self": {"self"},
        "last": set(),
    }
    found = STRUCTURE["circles"](edges)
    assert sorted(found) == [["a", "b", "c"], ["d", "e"], ["self"]]


def test_imports_within_functions_and_for_types_count(tmp_path, monkeypatch):
    """A circle that Python never sees when it imports is a circle all the same."""
    package = tmp_path / "lazy_circle"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "image.py").write_text("def read():\n    from lazy_circle import item\n")
    (package / "item.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lazy_circle import image\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = STRUCTURE["circles"](STRUCTURE["imports"]("lazy_circle"))
    assert found == [["lazy_circle.image", "lazy_circle.item"]]


def test_a_heap_and_code_in_a_package_are_told(tmp_path):
    """Each in a sentence that says what to do."""
    root = tmp_path / "package"
    heap = root / "heap"
    heap.mkdir(parents=True)
    (root / "__init__.py").touch()
    (heap / "__init__.py").write_text('"""Too much."""\nVERSION = 1\n')
    for number in range(26):
        (heap / f"module_{number}.py").touch()
    sentences = list(STRUCTURE["faults"](root, {}))
    assert len(sentences) == 2
    assert "package/heap holds 26 modules" in sentences[0]
    assert "package/heap/__init__.py holds code" in sentences[1]


def test_lines_of_code_are_counted_without_words():
    """No blanks, comments or docstrings; a string over two lines is two lines."""
    source = '"""A module."""\n\n# Why.\ndef f():\n    """Do."""\n    return """a\nb"""\n'
    assert STRUCTURE["code_lines"](source) == 3
