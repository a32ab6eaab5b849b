"""Docstrings that say too little.

    python tools/check_docstrings.py                as in make lint: the packages held to it
    python tools/check_docstrings.py --all          how much is missing, package by package
    python tools/check_docstrings.py plates items   what is missing in these, line by line

Held to it are the packages that pyproject.toml names under ``[tool.docstrings]``. In these

- a module's docstring names its subject in a noun phrase: its first line is no question;
- each public name of the package (the table in its ``__init__``), with its public methods, and each
  function or class that another package imports has a whole numpydoc docstring: a summary of one
  line, *Parameters* that names exactly those of the signature (a data class may call its fields
  *Attributes*), *Returns* or *Yields* where something comes back, *Raises* with each error of the
  package that it raises itself;
- any other docstring that has such sections has them right.

Types stand in the annotations and may be left out under *Parameters*; the first line of *Returns*
is the type, and below it, indented, stands what it is. Nothing of the package is imported for it.
"""

import ast
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from numpydoc.hooks.validate_docstrings import AstValidator
from numpydoc.validate import validate

REPOSITORY = Path(__file__).parents[1]
PACKAGE = "napari_image_classifier"
ERROR = f"{PACKAGE}.errors.ImageClassifierError"
# Of numpydoc's checks those that are about what is said, not about how it is set.
CHECKS_OF_WHOLE = {
    *("GL06", "GL07", "GL08", "SS01", "SS03", "SS06"),
    *("PR01", "PR02", "PR03", "PR07", "PR10", "RT01", "RT02", "RT03", "YD01"),
}
CHECKS_OF_REST = {"GL06", "GL07", "PR01", "PR02", "PR03", "PR07", "PR10", "RT03"}
QUESTION_WORDS = {
    *("what", "which", "who", "whose", "whom", "how", "why", "when", "where", "whether"),
    *("is", "are", "was", "were", "does", "do", "did", "has", "have", "can", "may", "will"),
}
NO_RETURN = {"None", "NoReturn", "Never"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Module:
    """A module's source, and where the names in it come from."""

    name: str
    path: Path
    tree: ast.Module
    imported: dict[str, str] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """The first name below the root, or the module's own."""
        return package_of(self.name)

    def resolve(self, expression: ast.expr | None) -> str:
        """Return the dotted name that an expression stands for, "" if it is no name."""
        if isinstance(expression, ast.Call | ast.Subscript):
            inner = expression.func if isinstance(expression, ast.Call) else expression.value
            return self.resolve(inner)
        if isinstance(expression, ast.Attribute):
            return f"{self.resolve(expression.value)}.{expression.attr}"
        if isinstance(expression, ast.Name):
            return self.imported.get(expression.id, f"{self.name}.{expression.id}")
        return ""


@dataclass(frozen=True)
class Finding:
    """Something that a docstring lacks, and where."""

    package: str
    place: str
    name: str
    check: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.name}: {self.check} {self.text}"


def package_of(name: str) -> str:
    """Return the first name below the root in a dotted name."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


class Source:
    """All modules, the classes in them, and which names have to be documented whole."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.modules = {module.name: module for module in self._read()}
        self.classes: dict[str, tuple[Module, ast.ClassDef]] = {
            f"{module.name}.{node.name}": (module, node)
            for module in self.modules.values()
            for node in module.tree.body
            if isinstance(node, ast.ClassDef)
        }

    def _read(self) -> Iterator[Module]:
        for path in sorted((self.root / "src" / PACKAGE).rglob("*.py")):
            parts = path.relative_to(self.root / "src").with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            module = Module(name, path, ast.parse(path.read_text(encoding="utf-8")))
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    for alias in node.names:
                        module.imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                elif isinstance(node, ast.Import):
                    for alias in node.names:
                        shown = alias.asname or alias.name.split(".")[0]
                        module.imported[shown] = alias.name if alias.asname else shown
            yield module

    @cached_property
    def public(self) -> set[str]:
        """Dotted names of what the root's ``__init__`` offers."""
        root = self.modules[PACKAGE]
        for node in root.tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_HOMES":
                homes: dict[str, str] = ast.literal_eval(node.value)
                return {f"{PACKAGE}.{home}.{name}" for name, home in homes.items()}
        raise LookupError(f"{root.path} has no table _HOMES.")

    @cached_property
    def offered(self) -> set[str]:
        """Dotted names of what one package takes from another, as names or through a module."""
        found = set()
        for module in self.modules.values():
            taken = {name for name in module.imported.values() if name.startswith(f"{PACKAGE}.")}
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Attribute) and module.resolve(node.value) in self.modules:
                    taken.add(module.resolve(node))
            found |= {name for name in taken if package_of(name) != module.package}
        return found

    def bases(self, name: str) -> list[str]:
        """Return a class and all of its bases that are known here, the nearest first."""
        if name not in self.classes:
            return [name]
        module, node = self.classes[name]
        above = [base for each in node.bases for base in self.bases(module.resolve(each))]
        return [name, *above]

    def fields(self, name: str) -> list[str]:
        """Return what a data class, record or named tuple is made of; [] for any other class."""
        known = [each for each in self.bases(name) if each in self.classes]
        if not any(self._is_record(each) for each in known):
            return []
        names: dict[str, None] = {}
        for each in reversed(known):
            for node in self.classes[each][1].body:
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    annotation = ast.unparse(node.annotation)
                    if "ClassVar" not in annotation and not node.target.id.startswith("_"):
                        names[node.target.id] = None
        return list(names)

    def _is_record(self, name: str) -> bool:
        module, node = self.classes[name]
        bases = {each.rsplit(".", 1)[-1] for each in self.bases(name)}
        decorators = {module.resolve(each).rsplit(".", 1)[-1] for each in node.decorator_list}
        return "dataclass" in decorators or bool(bases & {"Struct", "NamedTuple"})


class Docstring(AstValidator):
    """numpydoc's view of a definition, with data classes and what annotations say."""

    def __init__(self, *, fields: list[str], **known: Any) -> None:
        super().__init__(**known)
        self._fields = fields

    @property
    def signature_parameters(self) -> tuple[str, ...]:
        """As numpydoc has it, or the fields of a data class."""
        return tuple(self._fields) or super().signature_parameters

    @property
    def doc_all_parameters(self) -> dict[str, Any]:
        """Parameters, and what attributes say of fields."""
        said = dict(super().doc_all_parameters)
        if self._fields:
            attributes = self._doc_parameters(["Attributes"])
            said |= {name: what for name, what in attributes.items() if name in self._fields}
            said = dict(sorted(said.items(), key=lambda item: self._place(item[0])))
        return said

    def _place(self, name: str) -> int:
        return self._fields.index(name) if name in self._fields else len(self._fields)

    @property
    def method_returns_something(self) -> bool:
        """As the annotation says; a property names what it is in its summary."""
        if not isinstance(self.node, Function) or self.is_generator_function:
            return False
        decorators = {ast.unparse(each).rsplit(".", 1)[-1] for each in self.node.decorator_list}
        if decorators & {"property", "cached_property", "setter"} or self.node.returns is None:
            return False
        return ast.unparse(self.node.returns).strip("\"'") not in NO_RETURN

    @property
    def is_generator_function(self) -> bool:
        """Whether it yields, wherever in its body."""
        kinds = (ast.Yield, ast.YieldFrom)
        return any(isinstance(node, kinds) for node in own_nodes(self.node))


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in a definition, without what is defined within."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, Definition | ast.Lambda):
            yield from own_nodes(child)


class Checker:
    """What the docstrings of each module lack."""

    def __init__(self, root: Path = REPOSITORY) -> None:
        self.source = Source(root)
        self.whole = Counter[str]()

    def findings(self) -> Iterator[Finding]:
        """All that is missing, wherever it is."""
        for module in self.source.modules.values():
            yield from self._module(module)
            yield from self._definitions(module, [module.tree], public=False)

    def _module(self, module: Module) -> Iterator[Finding]:
        text = ast.get_docstring(module.tree) or ""
        first = text.partition("\n")[0]
        words = re.findall(r"[A-Za-z]+", first)
        if "?" in first or (words and words[0].lower() in QUESTION_WORDS):
            name = "a noun phrase is wanted in place of a question"
            yield self._finding(module, 1, module.name, "NP01", f"{name}: {first}")

    def _definitions(
        self, module: Module, ancestry: list[Any], *, public: bool
    ) -> Iterator[Finding]:
        for node in ancestry[-1].body:
            if not isinstance(node, Definition) or node.name.startswith("_"):
                continue
            if any(ast.unparse(each).endswith("overload") for each in node.decorator_list):
                continue
            names = [getattr(each, "name", module.name) for each in [*ancestry, node]]
            name = ".".join(names)
            is_public = public or name in self.source.public
            whole = is_public or name in self.source.offered
            self.whole[module.package] += whole
            yield from self._definition(module, ancestry, node, name, whole)
            if isinstance(node, ast.ClassDef):
                yield from self._definitions(module, [*ancestry, node], public=is_public)

    def _definition(
        self, module: Module, ancestry: list[Any], node: Definition, name: str, whole: bool
    ) -> Iterator[Finding]:
        known = {"ast_node": node, "filename": module.path, "ancestry": ancestry}
        known["fields"] = self.source.fields(name)
        docstring = Docstring(obj_name=name, **known)
        checks = CHECKS_OF_WHOLE if whole else CHECKS_OF_REST
        if not whole and not docstring.doc_all_parameters:
            checks = checks - {"PR01"}
        for check, text in validate(name, Docstring, **known)["errors"]:
            if check in checks:
                yield self._finding(module, node.lineno, name, check, text)
        if whole and isinstance(node, Function) and docstring.raw_doc:
            documented = {error.type or error.name for error in docstring.doc["Raises"]}
            for error in sorted(self._undocumented(module, node, documented)):
                text = f"It raises {error}, and no Raises section says when"
                yield self._finding(module, node.lineno, name, "RS01", text)

    def _undocumented(self, module: Module, node: Function, documented: set[str]) -> set[str]:
        missing = set()
        for each in own_nodes(node):
            if isinstance(each, ast.Raise) and each.exc is not None:
                bases = self.source.bases(module.resolve(each.exc))
                shown = {base.rsplit(".", 1)[-1] for base in bases}
                if ERROR in bases and not shown & documented:
                    missing.add(bases[0].rsplit(".", 1)[-1])
        return missing

    def _finding(self, module: Module, line: int, name: str, check: str, text: str) -> Finding:
        place = f"{module.path.relative_to(self.source.root)}:{line}"
        return Finding(module.package, place, name.removeprefix(f"{PACKAGE}."), check, text)


def print_counts(checker: Checker, findings: list[Finding], held: set[str]) -> None:
    """Print how many names of each package are to be documented whole, and what is missing."""
    incomplete = {(each.package, each.name) for each in findings if each.check[:2] not in ("NP",)}
    print(f"{'package':24}{'held':6}{'whole':>6}{'incomplete':>12}{'questions':>11}  by kind")
    packages = sorted({module.package for module in checker.source.modules.values()})
    for package in packages:
        kinds = Counter(each.check for each in findings if each.package == package)
        questions = kinds.pop("NP01", 0)
        missing = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        names = sum(one == package for one, _ in incomplete)
        print(
            f"{package:24}{'yes' if package in held else '':6}{checker.whole[package]:6}"
            f"{names:12}{questions:11}  {missing}"
        )
    print(f"{'all':30}{checker.whole.total():6}{len(incomplete):12}")


def main() -> int:
    """Run what the arguments ask for; 1 if something is missing where it may not be."""
    asked = [each for each in sys.argv[1:] if not each.startswith("-")]
    configuration = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    held = set(configuration["tool"]["docstrings"]["packages"])
    checker = Checker()
    findings = list(checker.findings())
    if "--all" in sys.argv[1:] and not asked:
        print_counts(checker, findings, held)
        return 0
    unknown = (held | set(asked)) - {module.package for module in checker.source.modules.values()}
    if unknown:
        print(f"There is no package {', '.join(sorted(unknown))}.")
        return 1
    wanted = set(asked) or held
    shown = [each for each in findings if each.package in wanted]
    for each in shown:
        print(each)
    if shown:
        print(f"{len(shown)} to mend; tools/check_docstrings.py says how docstrings are written.")
    return 1 if shown else 0


if __name__ == "__main__":
    sys.exit(main())
