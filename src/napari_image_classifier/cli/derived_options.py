"""Options that are derived from the fields of data classes."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

import typer

from napari_image_classifier.cli.arguments import each_in, masks_in, names_in
from napari_image_classifier.system.settings import Setting, settings_of

# Left to docks and Python: how images are varied and weighed, where the usual suits nearly all, and
# items that nobody has given a class or that are picked file by file.
NO_OPTIONS = ("keep_aspect", "class_weights", "label_smoothing", "flips", "turns", "shift", "gain",
              "noise", "annotated", "files")  # fmt: skip
# Options that are not called as their fields.
_NAMES = {"start_from": "--from", "items_csv": "--items"}
# What the value of an option becomes in its field.
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "channels": names_in,
    "each": each_in,
    "masks": masks_in,
    "start_from": lambda path: path and str(path),
}


def _value(field: str, given: Any) -> Any:
    return _READERS[field](given) if field in _READERS else given


def with_derived_options(*unasked: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what gives a command an option for each field of its parameters' data classes.

    The command itself receives the data classes; fields that are ``unasked`` keep their defaults.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = signature(command).parameters
        derived = {
            name: _options_of(parameter.annotation, unasked)
            for name, parameter in own.items()
            if is_dataclass(parameter.annotation)
        }

        @wraps(command)
        def run(**values: Any) -> None:
            for name, options in derived.items():
                fields = {field: _value(field, values.pop(field)) for field in options}
                values[name] = own[name].annotation(**fields)
            command(**values)

        options = [
            option.replace(kind=Parameter.KEYWORD_ONLY)
            for name, parameter in own.items()
            for option in derived.get(name, {name: parameter}).values()
        ]
        run.__dict__["__signature__"] = Signature(_in_order(options))
        return run

    return decorate


def _options_of(data_class: Any, unasked: tuple[str, ...]) -> dict[str, Parameter]:
    return {
        name: _option(setting)
        for name, setting in settings_of(data_class).items()
        if name not in (*unasked, *NO_OPTIONS)
    }


def _option(setting: Setting) -> Parameter:
    kind, default, names = setting.type, setting.default, list[str]()
    if get_origin(kind) is Literal:
        kind = str
    elif setting.name == "channels":
        kind, default = str | None, None
    elif setting.name == "start_from":
        kind = Path | None
    if default is False or setting.name in _NAMES:
        # Of a flag that is off, typer would offer a --no- as well.
        names = [_NAMES.get(setting.name, f"--{setting.name}")]
    said: Any = typer.Option(*names, help=setting.meaning)
    if default is MISSING:
        said, default = typer.Argument(metavar="IMAGES", help=setting.meaning), Parameter.empty
    hint = Annotated[kind, said]  # type: ignore[valid-type]
    return Parameter(setting.name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _in_order(options: list[Parameter]) -> list[Parameter]:
    """Return options as they are listed: objects after their masks, channels before the network."""
    places = {option.name: float(place) for place, option in enumerate(options)}
    places["channels"] = places["network"] - 0.5
    places["box"], places["neighbours"] = places["masks"] + 0.1, places["masks"] + 0.2
    return sorted(options, key=lambda option: places[option.name])
