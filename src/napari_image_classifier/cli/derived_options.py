"""Options that are derived from the fields of data classes, and from docstrings."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, is_dataclass, replace
from functools import wraps
from inspect import Parameter, Signature, getdoc, signature
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from napari_image_classifier.cli.arguments import (
    each_in,
    masks_in,
    names_in,
    new_names_in,
    refused_as,
)
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.system.settings import Setting, meanings_of, settings_of
from napari_image_classifier.training.config import TrainingConfig

# Left to docks and Python: how images are varied and weighed, where the usual suits nearly all, and
# items that nobody has given a class or that are picked file by file.
NO_OPTIONS = ("keep_aspect", "class_weights", "label_smoothing", "flips", "turns", "shift", "gain",
              "noise", "annotated", "files")  # fmt: skip
# Options that are not called as their fields.
_NAMES = {"start_from": "--from", "items_csv": "--items", "as_json": "--json"}
# Arguments that are shown by another name.
_METAVARS = {"folder": "IMAGES", "table": "PREDICTIONS"}
# Options that are listed beside another one.
_BESIDE = (
    ("channels", "network", -0.5),
    ("split_masks", "masks", 0.05),
    ("box", "masks", 0.1),
    ("neighbours", "masks", 0.2),
)
# What the value of an option becomes in its field.
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "channels": names_in,
    "each": each_in,
    "masks": masks_in,
    "rename_classes": new_names_in,
    "start_from": lambda path: path and str(path),
}


def _value(field: str, given: Any) -> Any:
    if field not in _READERS:
        return given
    with refused_as(f"--{field.replace('_', '-')}"):
        return _READERS[field](given)


def with_derived_options(
    *unasked: str, **metavars: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what gives a command its options and arguments, with their help.

    Each field of a parameter's data class becomes an option; the command itself receives the data
    class, and fields that are ``unasked`` keep their defaults. Of any other parameter the help is
    the first paragraph that the command's docstring has of it, unless its type says otherwise, or
    that of the field of its name where the docstring says “As in” its data class.
    Parameters before "/" are arguments. ``metavars`` say what stands for a value in the help.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = signature(command).parameters
        meanings = _meanings_of(command)
        arguments = [
            name for name, parameter in own.items() if parameter.kind is Parameter.POSITIONAL_ONLY
        ]
        derived = {
            name: _options_of(parameter.annotation, unasked)
            for name, parameter in own.items()
            if is_dataclass(parameter.annotation)
        }
        options: list[Parameter] = []
        plain: dict[str, Setting] = {}
        for name, parameter in own.items():
            kind, setting = parameter.annotation, Setting()
            if get_origin(kind) is Annotated and isinstance(get_args(kind)[1], Setting):
                kind, setting = get_args(kind)
            if name in derived:
                options += derived[name].values()
            elif get_origin(kind) is Annotated:
                options.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))
            else:
                default = MISSING if name in arguments else parameter.default
                plain[name] = replace(
                    setting, name=name, type=kind, default=default, meaning=meanings[name]
                )
                options.append(_option(plain[name], metavars.get(name)))

        @wraps(command)
        def run(**values: Any) -> None:
            for name, options in derived.items():
                fields = {field: _value(field, values.pop(field)) for field in options}
                _check(settings_of(own[name].annotation), fields)
                values[name] = own[name].annotation(**_with_folder(fields))
            _check(plain, values)
            command(*[values.pop(name) for name in arguments], **values)

        run.__dict__["__signature__"] = Signature(_in_order(options))
        run.__annotations__ = {option.name: option.annotation for option in options}
        run.__doc__ = str(getdoc(command)).partition("\n\n")[0]
        return run

    return decorate


def _check(settings: Mapping[str, Setting], values: Mapping[str, Any]) -> None:
    """Refuse what an option or argument can't be, before any work begins."""
    for name in settings.keys() & values.keys():
        setting, value = settings[name], values[name]
        given = [value] if isinstance(value, str) else []
        if value != setting.default and not all(text.strip() for text in given):
            raise typer.BadParameter("must not be empty.", param_hint=_shown(setting))
        if value is not None and not setting.allows(value):
            must = f"must be {setting.in_words()}, not {value!r}."
            raise typer.BadParameter(must, param_hint=_shown(setting))


def _shown(setting: Setting) -> str:
    return _NAMES.get(setting.name, f"--{setting.name.replace('_', '-')}")


def _meanings_of(command: Callable[..., None]) -> dict[str, str]:
    fields = settings_of(ItemsQuery) | settings_of(TrainingConfig)
    return {
        name: fields[name].meaning if said.startswith("As in ") else said
        for name, said in meanings_of(command).items()
    }


def _options_of(data_class: Any, unasked: tuple[str, ...]) -> dict[str, Parameter]:
    return {
        name: _option(setting)
        for name, setting in settings_of(data_class).items()
        if name not in (*unasked, *NO_OPTIONS)
    }


def _with_folder(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a query; images lie beside the table of items unless told."""
    if fields.get("folder", ...) is not None:
        return fields
    if fields["items_csv"] is None:
        raise typer.BadParameter("give IMAGES, a folder, or --items, a table that names images.")
    return {**fields, "folder": fields["items_csv"].parent}


def _option(setting: Setting, metavar: str | None = None) -> Parameter:
    kind, default, names = setting.type, setting.default, list[str]()
    if get_origin(kind) is Literal:
        kind = str
    elif setting.name in ("channels", "rename_classes"):
        kind, default = str | None, None
    elif setting.name == "start_from":
        kind = Path | None
    if default is False or setting.name in _NAMES:
        # Of a flag that is off, typer would offer a --no- as well.
        names = [_NAMES.get(setting.name, f"--{setting.name}")]
    shown: Any = typer.Option(*names, metavar=metavar, help=setting.meaning)
    if default is MISSING:
        metavar = metavar or _METAVARS.get(setting.name, setting.name.upper())
        shown, default = typer.Argument(metavar=metavar, help=setting.meaning), Parameter.empty
        if setting.name == "folder":
            kind, default = Path | None, None
    hint = Annotated[kind, shown]  # type: ignore[valid-type]
    return Parameter(setting.name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _in_order(options: list[Parameter]) -> list[Parameter]:
    """Return options as they are listed: objects after their masks, channels before the network."""
    places = {option.name: float(place) for place, option in enumerate(options)}
    for name, other, apart in _BESIDE:
        if {name, other} <= places.keys():
            places[name] = places[other] + apart
    return sorted(options, key=lambda option: places[option.name])
