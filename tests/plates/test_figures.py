"""plates.figures: matplotlib writes what a stranger gave as a name, and takes it for no formula."""

import xml.etree.ElementTree as ElementTree

import pytest

from hostile.texts import HONEST, HOSTILE
from napari_image_classifier.plates.figures import (
    LONGEST_LINE,
    add_legend,
    in_figure,
    new_figure,
    write_figure,
)
from napari_image_classifier.system.shown_text import readable, readable_lines, shortened


def test_every_name_is_drawn_as_it_is(tmp_path):
    """As a title, beside an axis and in the legend, also one that begins with "_"."""
    import matplotlib as mpl

    names = [text for text in (*HOSTILE[::5], "_hidden", "$x", *HONEST) if text.strip()]
    figure = new_figure(12, 30)
    axes = figure.subplots()
    lines = [axes.plot([0, 1], [number, number])[0] for number in range(len(names))]
    axes.set_yticks(range(len(names)), [in_figure(name, 40) for name in names])
    add_legend(figure, lines, names, "$by$")
    path = tmp_path / "names.svg"
    with mpl.rc_context({"svg.fonttype": "none"}):
        write_figure(figure, path)
    drawn = "".join(ElementTree.parse(path).getroot().itertext())
    for name in names:
        for line in readable_lines(name).split("\n"):
            assert shortened(line, 40).strip() in drawn
    assert "_hidden" in [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_all_of_them_can_be_drawn_at_once(suffix, tmp_path):
    """Also letters that the font lacks, and names that are far too long."""
    figure = new_figure(4, 3)
    for title in (*HOSTILE[::7], *HONEST, "x" * 5000, "$" * 3):
        figure.subplots().set_title(in_figure(title))
        figure.clear()
    axes = figure.subplots()
    axes.set_title("\n".join(in_figure(text) for text in ("$x", "$x$ 対照", "x" * 5000)))
    write_figure(figure, tmp_path / f"picture{suffix}")
    assert (tmp_path / f"picture{suffix}").stat().st_size > 1000


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_dollar_begins_a_formula(text):
    """matplotlib counts those that have no backslash before them."""
    drawn = in_figure(text)
    assert drawn.count("$") == drawn.count(r"\$")
    assert max(map(len, drawn.replace(r"\$", "$").split("\n"))) <= LONGEST_LINE
    if len(readable(text)) <= LONGEST_LINE:
        assert drawn.replace(r"\$", "$") == readable_lines(text)
