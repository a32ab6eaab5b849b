"""Options that are derived from the fields of data classes."""

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

import typer

from napari_image_classifier.cli.arguments import names_in
from napari_image_classifier.system.settings import Setting, settings_of

# How images are varied and weighed is for the dock and for Python: the usual suits nearly all.
NO_OPTIONS = ("keep_aspect", "class_weights", "label_smoothing", "flips", "turns", "shift", "gain",
              "noise")  # fmt: skip


def with_derived_options(*unasked: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what gives a command an option for each field of its parameters' data classes.

    The command itself receives the data classes; fields that are ``unasked`` keep their defaults.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command).parameters
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
            option.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for name, parameter in own.items()
            for option in derived.get(name, {name: parameter}).values()
        ]
        run.__dict__["__signature__"] = inspect.Signature(_in_order(options))
        return run

    return decorate


def _value(field: str, given: Any) -> Any:
    """Return the value of a field for what the command line gave."""
    if field == "channels":
        return names_in(given)
    return str(given) if field == "start_from" and given else given


def _options_of(data_class: Any, unasked: tuple[str, ...]) -> dict[str, inspect.Parameter]:
    return {
        name: _option(setting)
        for name, setting in settings_of(data_class).items()
        if name not in (*unasked, *NO_OPTIONS)
    }


def _option(setting: Setting) -> inspect.Parameter:
    kind, default, names = setting.type, setting.default, list[str]()
    if get_origin(kind) is Literal:
        kind = str
    elif setting.name == "channels":
        kind, default = str | None, None
    elif setting.name == "start_from":
        kind, names = Path | None, ["--from"]
    elif default is False:
        # Else typer adds a --no- of it.
        names = [f"--{setting.name}"]
    return inspect.Parameter(
        setting.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, typer.Option(*names, help=setting.meaning)],
    )


def _in_order(options: list[inspect.Parameter]) -> list[inspect.Parameter]:
    """Return options as they are listed: objects after their masks, channels before the network."""
    places = {option.name: float(place) for place, option in enumerate(options)}
    places["channels"] = places["network"] - 0.5
    places["box"], places["neighbours"] = places["masks"] + 0.1, places["masks"] + 0.2
    return sorted(options, key=lambda option: places[option.name])
