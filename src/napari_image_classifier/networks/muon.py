"""The optimiser: Muon for convolutions, AdamW for everything else."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def muon(learning_rate: float, weight_decay: float) -> "keras.optimizers.Optimizer":
    """Return a fresh optimiser.

    Muon (Jordan et al., 2024, “Muon: An optimizer for hidden layers in neural networks”) turns the
    mean gradient of a matrix into the nearest one whose singular values are all 1, so that rare
    directions are learnt as fast as frequent ones. A kernel of shape (y, x, channel, filter) is a
    matrix with a column per filter. Steps are scaled as by Liu et al. (2025, “Muon is scalable for
    LLM training”), so that learning rate and weight decay mean what they mean for AdamW.
    """
    import keras
    from keras import ops

    class ConvolutionMuon(keras.optimizers.Muon):  # type: ignore[misc]
        """Keras's own, which leaves kernels of convolutions to AdamW."""

        def _should_use_adamw(self, variable: Any) -> bool:
            return len(variable.shape) != 4

        def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
            self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
            ahead = ops.reshape(ops.add(gradient, self.momentum * m), (-1, variable.shape[-1]))
            step = self.zeropower_via_newtonschulz5(ahead, self.ns_steps)
            scale = self.rms_rate * math.sqrt(max(step.shape))
            self.assign_sub(variable, lr * scale * ops.reshape(step, variable.shape))

    optimizer = ConvolutionMuon(
        learning_rate, weight_decay=weight_decay, adam_weight_decay=weight_decay
    )
    # Scales and offsets have nothing to gain from being small.
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
