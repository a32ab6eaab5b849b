"""Pages of reports from templates: one HTML file each, which needs no other and no network."""

import base64
from importlib.resources import files
from typing import Any

from napari_image_classifier.system.shown_text import readable_lines


def render_page(template: str, **values: Any) -> str:
    """Return a page.

    Parameters
    ----------
    template
        The name of a file in ``templates``.
    **values
        All that the template names; it fails where one is missing.

    Returns
    -------
    str
        HTML, in which the values are escaped, and readable where they are texts.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # What is in a page already, such as a drawing, is Markup, and not looked at again.
        finalize=lambda value: readable_lines(value) if type(value) is str else value,
    )
    environment.filters |= {"percent": _percent, "score": _score, "p_value": "{:.2g}".format}
    return environment.get_template(template).render(**values)


def picture_in_page(png: bytes) -> str:
    """Return a picture as text that stands in a page.

    Parameters
    ----------
    png
        The content of a PNG file.

    Returns
    -------
    str
        It in base64.
    """
    return base64.b64encode(png).decode()


def _source(name: str) -> str:
    # A wheel may be a zip, so templates are no paths.
    return (
        files("napari_image_classifier.evaluation").joinpath("templates", name).read_text("utf-8")
    )


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %"


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
