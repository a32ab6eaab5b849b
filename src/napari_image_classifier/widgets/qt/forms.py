"""Forms from dataclasses: an instance holds the defaults, a row says how each field is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from magicgui.widgets import ComboBox, Container, FileEdit, FloatSpinBox, create_widget
from magicgui.widgets.bases import Widget
from qtpy.QtWidgets import QWidget

from napari_image_classifier.system.settings import Setting, settings_of
from napari_image_classifier.widgets.qt.dock import let_be_narrow

LARGEST = 1_000_000
# Digits after the point.
DIGITS = 5


@dataclass(frozen=True)
class Ask:
    """How one field of a dataclass is asked: its words, and options of its magicgui widget.

    The bounds of a number are those of its `Setting`, unless ``options`` holds others.
    ``none_means`` are the words for None where the field is an optional number, or one of
    ``options["choices"]``, which are words and values.
    """

    name: str
    label: str
    tooltip: str
    options: Mapping[str, Any] = field(default_factory=dict)
    none_means: str = ""


class Form:
    """The magicgui form of some fields of a dataclass, filled from an instance of it.

    Parameters
    ----------
    defaults
        An instance of the dataclass.
    *groups
        How its fields are asked. Each group is a widget of its own, in the order of `parts`, so
        that they can stand in different places.
    """

    def __init__(self, defaults: Any, *groups: Sequence[Ask]) -> None:
        data_class: Any = type(defaults)
        settings = settings_of(data_class)
        self._asks = {ask.name: ask for group in groups for ask in group}
        self._widgets: dict[str, Any] = {
            name: _widget(ask, settings[name], getattr(defaults, name))
            for name, ask in self._asks.items()
        }
        self._containers: list[Container[Widget]] = [
            Container(widgets=[self._widgets[ask.name] for ask in group]) for group in groups
        ]
        for container in self._containers:
            container.margins = (0, 0, 0, 0)
        self.parts: list[QWidget] = [container.native for container in self._containers]
        self.native = self.parts[0]

    def __getitem__(self, name: str) -> Any:
        """Return the magicgui widget of a field."""
        return self._widgets[name]

    def values(self) -> dict[str, Any]:
        """Return what the form says, by field name: keywords for the dataclass."""
        values = {name: widget.value for name, widget in self._widgets.items()}
        return {
            name: _or_none(value) if self._asks[name].none_means else value
            for name, value in values.items()
        }


def _widget(ask: Ask, setting: Setting, default: Any) -> Widget:
    words: dict[str, Any] = {"name": ask.name, "label": ask.label}
    if ask.none_means and "choices" in ask.options:
        # "" stands for None: magicgui tells nobody when None is chosen.
        choices = [(ask.none_means, ""), *ask.options["choices"]]
        return ComboBox(value=default or "", choices=choices, tooltip=ask.tooltip, **words)
    if ask.none_means:
        return _number_or_none(ask, default, words)
    hint = setting.type
    kind = next((part for part in get_args(hint) if part is not type(None)), hint)
    bounds = {"min": setting.at_least, "max": setting.at_most}
    widget = create_widget(
        value=default,
        annotation=hint if isinstance(kind, str) else kind,
        options={
            "tooltip": ask.tooltip,
            **{name: bound for name, bound in bounds.items() if bound is not None},
            **ask.options,
        },
        **words,
    )
    if isinstance(widget, FileEdit):
        widget.choose_btn.text = "Choose…"
    if isinstance(widget, ComboBox):
        let_be_narrow(widget.native)
    return widget


def _or_none(value: float | str) -> float | str | None:
    if not value:
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number_or_none(ask: Ask, default: float | None, words: Mapping[str, Any]) -> Widget:
    # 0 stands for None: magicgui has no optional numbers, and of its two kinds of number only this
    # one shows words in place of its smallest value.
    number = FloatSpinBox(
        value=default or 0,
        min=0,
        max=ask.options.get("max", LARGEST),
        step=ask.options.get("step", 1),
        tooltip=ask.tooltip,
        **words,
    )
    number.native.setDecimals(DIGITS if "step" in ask.options else 0)
    number.native.setSpecialValueText(ask.none_means)
    return number
