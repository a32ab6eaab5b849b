"""Packages, their sizes, and the imports between them.

    python tools/structure.py            (or make structure)
    python tools/structure.py --quiet    only what may not be, as in make lint

Every import counts: at the head of a module, within a function, and for types alone. Lines of code
are counted without blanks, comments and docstrings. What may import what is kept by import-linter;
this keeps what its contracts can't say: no modules import each other in a circle, no folder is a
heap, and importing a package runs no code. It ends with 1, and a sentence, where that doesn't hold.
"""

import ast
import io
import sys
import tokenize
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

import grimp

REPOSITORY = Path(__file__).parents[1]
PACKAGE = "napari_image_classifier"
MODULES_IN_A_FOLDER = 25
MODULES = 299

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
Edges = Mapping[str, set[str]]
NOT_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}


def code_lines(source: str) -> int:
    """Return how many lines of a source are code: no blanks, comments or docstrings."""
    documented: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            documented.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NOT_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - documented)


def imports(package: str = PACKAGE) -> dict[str, set[str]]:
    """Return for each module of a package those modules of it that it imports."""
    graph = grimp.build_graph(package, exclude_type_checking_imports=False, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circles(edges: Edges) -> list[list[str]]:
    """Return the largest sets of modules of which each reaches each: Tarjan's components."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        stack.append(module)
        for other in sorted(edges.get(module, ())):
            if other not in order:
                visit(other)
            if other in stack:
                lowest[module] = min(lowest[module], lowest[other])
        if lowest[module] == order[module]:
            component = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(component) > 1 or module in edges.get(module, ()):
                found.append(sorted(component))

    for module in sorted(edges):
        if module not in order:
            visit(module)
    return found


def layers() -> dict[str, int]:
    """Return the layer of each package, the lowest 0, as the first contract has them."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    rows = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return {
        package.strip(): height
        for height, row in enumerate(reversed(rows))
        for package in row.split("|")
    }


def package_edges(edges: Edges) -> Counter[tuple[str, str]]:
    """Return how many imports go from one package to another; the root's own are left out."""
    counted: Counter[tuple[str, str]] = Counter()
    for module, others in edges.items():
        for other in others:
            ends = tuple(name.split(".")[1] if "." in name else "" for name in (module, other))
            if ends[0] != ends[1] and all(ends):
                counted[ends[0], ends[1]] += 1
    return counted


def faults(root: Path, edges: Edges) -> Iterator[str]:
    """All that may not be, each in a sentence."""
    folders = modules_of(root)
    for folder, modules in sorted(folders.items()):
        if len(modules) > MODULES_IN_A_FOLDER:
            yield (
                f"{folder} holds {len(modules)} modules, and at most {MODULES_IN_A_FOLDER} can be "
                "overlooked: a subject of its own goes into a sub-package."
            )
    total = sum(len(modules) for modules in folders.values())
    if total > MODULES:
        yield f"There are {total} modules, and there are to be at most {MODULES}."
    for path in sorted(root.rglob("*/__init__.py")):
        if code_lines(path.read_text(encoding="utf-8")):
            where = path.relative_to(root.parent).as_posix()
            yield f"{where} holds code, which would run whenever a module beside it is imported."
    for circle in circles(edges):
        yield f"These modules import each other in a circle: {', '.join(circle)}."


def modules_of(root: Path) -> dict[str, list[Path]]:
    """Return the modules of each folder below a root, by its path; a package's face is none."""
    folders = defaultdict(list)
    for path in sorted(root.rglob("*.py")):
        if path.name != "__init__.py" or path.parent == root:
            folders[path.parent.relative_to(root.parent).as_posix()].append(path)
    return dict(folders)


def print_structure(root: Path, edges: Edges) -> None:
    """Print sizes, edges and circles."""
    print(f"{'folder':48}{'modules':>8}{'median':>8}{'lines':>8}")
    total = []
    for folder, modules in sorted(modules_of(root).items()):
        counted = [code_lines(path.read_text(encoding="utf-8")) for path in modules]
        total += counted
        print(f"{folder:48}{len(counted):8}{median(counted):8g}{sum(counted):8}")
    print(f"{'all':48}{len(total):8}{median(total):8g}{sum(total):8}")
    between, heights = package_edges(edges), layers()
    print("\nimports between packages (how many)")
    for package in sorted(heights, key=heights.__getitem__):
        below = {other: count for (one, other), count in between.items() if one == package}
        listed = ", ".join(f"{other} {below[other]}" for other in sorted(below))
        print(f"  {package:14} -> {listed or 'nothing'}")
    upward = [ends for ends in between if heights[ends[0]] <= heights[ends[1]]]
    print(f"{len(between)} edges, {len(upward)} of them upward; {len(circles(edges))} circles")


def main() -> int:
    """Print the structure; 1 if something in it may not be."""
    root, edges = REPOSITORY / "src" / PACKAGE, imports()
    if "--quiet" not in sys.argv[1:]:
        print_structure(root, edges)
    found = list(faults(root, edges))
    for sentence in found:
        print(sentence)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
