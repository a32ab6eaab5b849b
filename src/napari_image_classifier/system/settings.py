"""Settings: data classes whose fields say what they mean and which values they may have.

What a field means stands in the docstring of its data class, under Parameters: of each the first
paragraph is its help on the command line.
"""

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from functools import cache
from operator import ge, gt, le, lt
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

_BOUNDS = {"at_least": ge, "above": gt, "at_most": le, "below": lt}
_MEANING = re.compile(r"^(\w+)\n((?: {4}.+\n?)+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Which values a field may have, as its type says: ``Annotated[int, Setting(at_least=1)]``.

    Parameters
    ----------
    at_least, above, at_most, below
        The bounds of a number.
    choices
        What can be chosen; of a `typing.Literal` it is known.
    works
        Whether a value can be used, where bounds and choices don't say it.
    rule
        What a value must be, in words, where bounds and choices don't say it.
    name, type, default, meaning
        What `settings_of` knows of the field.
    """

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    choices: tuple[str, ...] = ()
    works: Callable[[Any], bool] = lambda value: True
    rule: str = ""
    name: str = ""
    type: Any = None
    default: Any = None
    meaning: str = ""

    def allows(self, value: Any) -> bool:
        """Return whether the field may have this value."""
        if value is None:
            return NoneType in get_args(self.type)
        if self.choices and value not in self.choices:
            return False
        within = all(_BOUNDS[name](value, bound) for name, bound in self._bounds)
        return within and self.works(value)

    def in_words(self) -> str:
        """Return what a value must be, as it follows on "must be"."""
        if self.rule or self.choices:
            return self.rule or " or ".join(self.choices)
        if self.at_least is not None and self.at_most is not None:
            return f"between {self.at_least:,} and {self.at_most:,}"
        return " and ".join(f"{name.replace('_', ' ')} {bound}" for name, bound in self._bounds)

    @property
    def _bounds(self) -> Iterable[tuple[str, float]]:
        bounds = ((name, getattr(self, name)) for name in _BOUNDS)
        return [(name, bound) for name, bound in bounds if bound is not None]


def meanings_of(documented: Any) -> dict[str, str]:
    """Return what parameters mean.

    Parameters
    ----------
    documented
        A data class or function whose docstring says its parameters.

    Returns
    -------
    dict of str to str
        The first paragraph of each parameter that is described alone, by its name.
    """
    found = _MEANING.findall(inspect.getdoc(documented) or "")
    return {name: " ".join(text.split()) for name, text in found}


@cache
def settings_of(data_class: Any) -> dict[str, Setting]:
    """Return the settings of a data class.

    Parameters
    ----------
    data_class
        A data class whose docstring says its parameters. A field whose type says no `Setting` may
        have every value, or one of its `typing.Literal`.

    Returns
    -------
    dict of str to Setting
        The setting of each field, by the field's name, in their order.
    """
    hints = get_type_hints(data_class, include_extras=True)
    meanings = meanings_of(data_class)
    settings = {}
    for field in fields(data_class):
        kind, setting = hints[field.name], Setting()
        if get_origin(kind) is Annotated:
            kind, setting = get_args(kind)
        settings[field.name] = replace(
            setting,
            choices=get_args(kind) if get_origin(kind) is Literal else setting.choices,
            name=field.name,
            type=kind,
            default=field.default,
            meaning=meanings.get(field.name, ""),
        )
    return settings


def why_not_allowed(settings: Any) -> str | None:
    """Return why the values of a data class can't be used.

    Parameters
    ----------
    settings
        An instance of a data class as `settings_of` takes it.

    Returns
    -------
    str or None
        A sentence on the first field whose value is not allowed; None where all are.
    """
    data_class: Any = type(settings)
    for name, setting in settings_of(data_class).items():
        value = getattr(settings, name)
        if not setting.allows(value):
            return f"The {name.replace('_', ' ')} must be {setting.in_words()}, not {value!r}."
    return None
