"""Settings: data classes whose fields say what they mean and which values they may have."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cache
from operator import ge, gt, le, lt
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

_BOUNDS = (("least", "at least", ge), ("above", "above", gt), ("most", "at most", le),
           ("below", "below", lt))  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """What a field says with its type: ``Annotated[int, Setting("Images per step.", least=2)]``.

    Parameters
    ----------
    help
        What it means, in a sentence for the command line; without one it is no option there.
    least, above, most, below
        The bounds of a number; ``least`` and ``most`` may be reached.
    choices
        The values that can be chosen; those of a `typing.Literal` need not be said again.
    works
        Whether it may have a value, where bounds and choices don't say it.
    rule
        What a value must be, in words, where bounds and choices don't say it.
    unit
        What the bounds count.
    """

    help: str = ""
    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None
    choices: tuple[str, ...] = ()
    works: Callable[[Any], bool] = lambda value: True
    rule: str = ""
    unit: str = ""

    def allows(self, value: Any) -> bool:
        """Return whether a value is within the bounds and one of the choices."""
        if self.choices and value not in self.choices:
            return False
        bounds = ((getattr(self, name), holds) for name, _, holds in _BOUNDS)
        within = all(bound is None or holds(value, bound) for bound, holds in bounds)
        return within and self.works(value)

    def in_words(self) -> str:
        """Return what a value must be, as it follows on "must be"."""
        if self.rule or self.choices:
            return self.rule or " or ".join(self.choices)
        if self.least is not None and self.most is not None:
            return f"between {self.least} and {self.most} {self.unit}".rstrip()
        bounds = ((words, getattr(self, name)) for name, words, _ in _BOUNDS)
        return " and ".join(f"{words} {bound}" for words, bound in bounds if bound is not None)


@dataclass(frozen=True)
class Field:
    """A field of a data class of settings: its type, its default, and what it says of itself."""

    name: str
    type: Any
    default: Any
    setting: Setting

    def allows(self, value: Any) -> bool:
        """Return whether it may have this value."""
        return (value is None and NoneType in get_args(self.type)) or self.setting.allows(value)


@cache
def settings_of(kind: type) -> dict[str, Field]:
    """Return the fields of a data class of settings by name; without a `Setting` all is allowed."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        field.name: _field(field.name, hints[field.name], field.default) for field in fields(kind)
    }


def _field(name: str, hint: Any, default: Any) -> Field:
    said = getattr(hint, "__metadata__", ())
    hint = get_args(hint)[0] if said else hint
    setting = next((part for part in said if isinstance(part, Setting)), Setting())
    if get_origin(hint) is Literal:
        setting = replace(setting, choices=get_args(hint))
    return Field(name, hint, default, setting)


def why_not_allowed(settings: Any) -> str | None:
    """Return a sentence on the first field whose value is not allowed; None where all are."""
    for name, field in settings_of(type(settings)).items():
        value = getattr(settings, name)
        if not field.allows(value):
            words = name.replace("_", " ")
            return f"The {words} must be {field.setting.in_words()}, not {value!r}."
    return None
