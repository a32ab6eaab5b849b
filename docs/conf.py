"""Settings of Sphinx for `make docs`, which reads the repository from its root.

The root, and not this folder, is where pages are looked for, so that links between them are the
same here and in the repository: README, SECURITY and the benchmarks are pages as well.
"""

import re
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

IMAGES = {".png", ".svg"}
ROOT = Path(__file__).resolve().parents[1]
_project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "napari-image-classifier"
author = "The napari-image-classifier developers"
copyright = "the napari-image-classifier developers"
version = release = _project["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
root_doc = "docs/index"
include_patterns = ["docs/**", "benchmarks/README.md", "*.md"]
exclude_patterns = [
    "docs/images/**",
    "docs/*.py",
    "docs/templates/**",
    "tests/**",
    "build/**",
    ".*/**",
]
suppress_warnings = ["config.cache"]

myst_heading_anchors = 4
myst_enable_extensions = ["html_image"]
numpydoc_show_class_members = False
numpydoc_validation_checks: set[str] = set()
autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
default_role = "py:obj"
templates_path = [str(ROOT / "docs" / "templates")]

html_theme = "furo"
html_title = f"Image Classifier for napari {release}"
html_theme_options = {
    "source_repository": _project["urls"]["Source"],
    "source_branch": "main",
    "source_directory": "",
}
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False

html_additional_pages = {"index": "redirect.html"}

_LINK = re.compile(r"\]\(([^)#:\s]+)\)")


def _link_to_repository(app: Sphinx, page: str, source: list[str]) -> None:
    """Let links to files that are no pages lead to where the repository shows them."""

    def link(match: re.Match[str]) -> str:
        path = (ROOT / page).parent.joinpath(match[1]).resolve()
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
        is_page = name.removesuffix(".md") in app.env.found_docs
        if is_page or not name or not path.exists() or path.suffix in IMAGES:
            return match[0]
        kind = "tree" if path.is_dir() else "blob"
        return f"]({_project['urls']['Source']}/{kind}/main/{name})"

    source[0] = _LINK.sub(link, source[0])


def setup(app: Sphinx) -> None:
    """Have links mended as pages are read."""
    app.connect("source-read", _link_to_repository)
