"""The parts of an ONNX graph while it is written."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from napari_image_classifier.errors import ImageClassifierError


class GraphError(ImageClassifierError):
    """A network that can't be written as a graph."""


@dataclass(frozen=True)
class Value:
    """A tensor in the graph; of rank 4 it is (n, channel, y, x), whatever Keras has."""

    name: str
    rank: int


@dataclass
class GraphWriter:
    """Collects the nodes and constants of a graph."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def node(self, kind: str, *inputs: Value | str, rank: int = 0, **attributes: Any) -> Value:
        """Add a node of one output; its rank is that of the first input unless given."""
        names = [one.name if isinstance(one, Value) else one for one in inputs]
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        ranks = [one.rank for one in inputs if isinstance(one, Value)]
        return Value(output, rank or max(ranks))

    def constant(self, array: Any, dtype: npt.DTypeLike = np.float32) -> str:
        """Add a constant and return its name."""
        name = f"constant_{len(self.constants)}"
        # Unlike ascontiguousarray this leaves a number without axes as it is.
        stored = np.array(array, dtype, order="C")
        self.constants.append(numpy_helper.from_array(stored, name))
        return name

    def channels_last(self, value: Value) -> Value:
        """Return a value of rank 4 as Keras has it, (n, y, x, channel); others as they are."""
        return self.node("Transpose", value, perm=[0, 2, 3, 1]) if value.rank == 4 else value

    def channels_first(self, value: Value) -> Value:
        """Return a value of rank 4, (n, y, x, channel), as the graph has it."""
        return self.node("Transpose", value, perm=[0, 3, 1, 2]) if value.rank == 4 else value

    def per_channel(self, value: Value, numbers: Any) -> str:
        """Add a constant with one number per channel (or one for all) that broadcasts."""
        array = np.asarray(numbers, np.float32).reshape(-1)
        return self.constant(array.reshape(-1, 1, 1) if value.rank == 4 else array)
