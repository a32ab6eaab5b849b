"""evaluation.report_page: what a stranger gave as a name is text in a report, and nothing else."""

from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from hostile.texts import HONEST, HOSTILE, acts
from napari_image_classifier.evaluation import report_page
from napari_image_classifier.evaluation.plots import groups_plot
from napari_image_classifier.evaluation.report_page import render_page
from napari_image_classifier.system.shown_text import readable, readable_lines

PAGE = "<title>{{ name }}</title><p class='x' title=\"{{ name }}\">{{ name }}</p>{{ drawing|safe }}"


class Parts(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Keep it."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        """Keep it."""
        self.texts.append(data)


@pytest.mark.parametrize("text", (*HOSTILE, *HONEST), ids=ascii)
def test_a_name_is_text_wherever_it_stands(text, monkeypatch):
    """Between tags and in an attribute, with nothing in it that acts."""
    monkeypatch.setattr(report_page, "_source", lambda name: PAGE)
    page = render_page("page", name=text, drawing="<svg></svg>")
    parts = Parts(page)
    assert parts.tags == ["title", "p", "svg"]
    assert parts.attributes == [("class", "x"), ("title", readable_lines(text))]
    assert "".join(parts.texts) == 2 * readable_lines(text)
    assert not acts(page.replace("\n", "").replace("\t", ""))
    assert page.encode()


def test_classes_of_any_name_are_drawn():
    """In the plot of an evaluation, which stands in its page as it is."""
    names = ("$x", "<b>$x$</b>", "_hidden", r"\frac", "対照", "x" * 5000, "\x1b[31m", "a & b")
    n = len(names)
    scores = [SimpleNamespace(sensitivity=SimpleNamespace(low=0.1, high=0.9, score=0.5))] * n
    evaluation = SimpleNamespace(
        class_names=names,
        probabilities=np.eye(n),
        truth=np.arange(n),
        units=np.arange(n),
        scores=SimpleNamespace(classes=scores),
    )
    parts = Parts(groups_plot(evaluation))
    assert "b" not in parts.tags
    for name in names:
        assert readable(name)[:19] in "".join(parts.texts)
