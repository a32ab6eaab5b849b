"""Pages of reports: one HTML file each, that opens without a network, from our templates."""

import base64
from importlib.resources import files
from typing import Any


def render_page(template: str, **values: Any) -> str:
    """Return the page that a file of ``templates`` makes of ``values``; every one must be given."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": _percent, "score": _score, "p_value": _p_value}
    return environment.get_template(template).render(**values)


def picture_in_page(png: bytes) -> str:
    """Return a PNG as text that stands in a page."""
    return base64.b64encode(png).decode()


def parts_of_rows(table: list[list[int]]) -> list[list[float]]:
    """Return each cell as a part of its row, to shade it by."""
    return [[cell / max(sum(row), 1) for cell in row] for row in table]


def _source(name: str) -> str:
    # A wheel may be a zip, so templates are no paths.
    return (
        files("napari_image_classifier.evaluation").joinpath("templates", name).read_text("utf-8")
    )


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %"


def _p_value(p: float) -> str:
    return f"{p:.2g}"


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
