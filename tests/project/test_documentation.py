"""The pages: what they link to is there, and what says the version says the same."""

import re
import tomllib

import pytest

from helpers.paths import REPOSITORY

ON_THE_WEB = "https://github.com/napari-image-classifier/napari-image-classifier/"
PAGES = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "docs").rglob("*.md"),
        REPOSITORY / "benchmarks" / "README.md",
    ]
)
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)


def anchors(page):
    """The names that a page's headings go by in links, as GitHub and MyST make them."""
    found = set()
    for heading in HEADING.findall(page.read_text(encoding="utf-8")):
        text = LINK.sub("]", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", text).replace(" ", "-"))
    return found


def leads_to(page, link):
    """The file a link within the repository leads to, and the anchor in it; None for others."""
    address, _, anchor = link.partition("#")
    if address.startswith(ON_THE_WEB):
        kind, _, name = address.removeprefix(ON_THE_WEB).partition("/main/")
        return (REPOSITORY / name, anchor) if kind in ("blob", "tree") else None
    if re.match(r"[a-z]+:", address):
        return None
    return (page.parent / address if address else page, anchor)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_links_lead_somewhere(page):
    """To a file that is there, and a heading that it has; also where they go by the web."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    wrong = []
    for link in LINK.findall(text):
        target = leads_to(page, link)
        if target is None:
            continue
        path, anchor = target
        if not path.exists() or (anchor and anchor not in anchors(path)):
            wrong.append(link)
    assert not wrong


def test_every_page_is_listed():
    """In the contents, or among the decisions, which are listed by their numbers."""
    contents = (REPOSITORY / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {page.stem for page in (REPOSITORY / "docs").glob("*.md")} - {"index"}
    assert {page for page in pages if f"]({page}.md)" not in contents} == set()
    assert {page for page in pages if f"\n{page}\n" not in contents} == set()


def test_every_package_is_described():
    """In the way of the data, in CONTRIBUTING."""
    described = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    faces = (REPOSITORY / "src" / "napari_image_classifier").glob("*/__init__.py")
    packages = {face.parent.name for face in faces}
    assert len(packages) >= 14
    assert {name for name in packages if f"| `{name}` |" not in described} == set()


def test_modules_that_pages_name_are_there():
    """Below the repository, or below the package."""
    roots = (REPOSITORY, REPOSITORY / "src" / "napari_image_classifier")
    gone = [
        (page.name, name)
        for page in PAGES
        for name in re.findall(r"`([a-z_0-9]+/[a-z_0-9/]+\.py)`", page.read_text(encoding="utf-8"))
        if not any((root / name).exists() for root in roots)
    ]
    assert not gone


def test_the_version_is_the_same_everywhere():
    """In the package, in the newest entry of the changelog, and where it is cited."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changes = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d[^\]]*)\] – (unreleased|\d{4}-\d\d-\d\d)$", changes, re.MULTILINE)
    cited = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert newest[1] == project["version"]
    assert re.search(r"^version: (.+)$", cited, re.MULTILINE)[1] == project["version"]
    released = re.search(r"^date-released: (.+)$", cited, re.MULTILINE)
    assert (released[1] if released else "unreleased") == newest[2]


def test_the_package_says_where_its_things_are():
    """Addresses for the hub and the package index, all of this repository."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    urls = project["urls"]
    assert set(urls) == {"Homepage", "Documentation", "Source", "Issues", "Changelog"}
    assert all(url.startswith(ON_THE_WEB.rstrip("/")) for url in urls.values())
    for url in (urls["Documentation"], urls["Changelog"]):
        assert leads_to(None, url)[0].exists()


def test_promises_of_safety_are_held_by_tests_that_are_there():
    """Each test that the page names, so that none goes without its promise."""
    page = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)
    assert named
    for file, test in named:
        path = REPOSITORY / file
        assert path.is_file(), file
        assert not test or f"def {test}(" in path.read_text(encoding="utf-8"), (file, test)
    assert page.count("`test_") == 0, "a test is named by its whole path"
