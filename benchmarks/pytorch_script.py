"""What a good PyTorch script does: the same network, the same changes, float32, channels_last.

    python benchmarks/pytorch_script.py ARRAYS.npz [--epochs N] [--by-turns] [--predictions OUT.npy]

ARRAYS.npz holds images, float32 (n, y, x, channel), classes, training and validation (indices) and
optionally unseen (images to predict). With --by-turns it waits for a line on stdin before every
epoch. Needs PyTorch and numpy only.
"""

import argparse
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

FILTERS = (16, 32, 64, 128)
BATCH = 32
RATE, DECAY, SMOOTHING, WARM_UP = 1e-3, 0.05, 0.05, 2


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, taken: int, given: int, stride: int) -> None:
        super().__init__()
        self.first = convolution(taken, given, stride)
        self.second = convolution(given, given, 1)
        self.shortcut = (
            nn.Identity()
            if stride == 1 and taken == given
            else convolution(taken, given, stride, 1)
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        changed = self.second(torch.relu(self.first(features)))
        return torch.relu(changed + self.shortcut(features))


def convolution(taken: int, given: int, stride: int, kernel: int = 3) -> nn.Sequential:
    layer = nn.Conv2d(taken, given, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
    return nn.Sequential(layer, nn.BatchNorm2d(given))


def build(channels: int, classes: int) -> nn.Module:
    blocks = [
        Block(FILTERS[max(stage - 1, 0)], filters, 1 if stage == 0 else 2)
        for stage, filters in enumerate(FILTERS)
    ]
    stem = nn.Sequential(convolution(channels, FILTERS[0], 1), nn.ReLU())
    end = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(FILTERS[-1], classes))
    return nn.Sequential(stem, *blocks, end).to(memory_format=torch.channels_last)


def changed(images: torch.Tensor) -> torch.Tensor:
    """Flip, turn, shift, brighten and add noise; shape (n, channel, y, x)."""
    batch = torch.stack([moved(image) for image in images])
    noise = torch.rand(len(batch), 1, 1, 1) * 0.1 * batch.std((2, 3), keepdim=True)
    batch = batch + noise * torch.randn_like(batch)
    batch = batch * torch.exp(0.15 * torch.randn(*batch.shape[:2], 1, 1))
    return batch.contiguous(memory_format=torch.channels_last)


def moved(image: torch.Tensor) -> torch.Tensor:
    flipped = [axis for axis in (1, 2) if torch.rand(()) < 0.5]
    limit = round(0.08 * image.shape[-1])
    shift = torch.randint(-limit, limit + 1, (2,)).tolist()
    turned = torch.rot90(image.flip(flipped), int(torch.randint(4, ())), (1, 2))
    return torch.roll(turned, shift, (1, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("arrays", type=Path)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--by-turns", action="store_true")
    parser.add_argument("--predictions", type=Path)
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    arrays = np.load(given.arrays)
    images = torch.from_numpy(arrays["images"]).permute(0, 3, 1, 2)
    classes = torch.from_numpy(arrays["classes"].astype(np.int64))
    training, validation = (torch.from_numpy(arrays[k]) for k in ("training", "validation"))
    network = build(images.shape[1], int(classes.max()) + 1)
    counts = torch.bincount(classes[training]).clamp(min=1).float()
    weight = counts.rsqrt() * counts.sum() / (counts.rsqrt() * counts).sum()
    loss = nn.CrossEntropyLoss(weight, label_smoothing=SMOOTHING)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    for epoch in range(1, given.epochs + 1):
        if given.by_turns and not sys.stdin.readline():
            return
        began = time.perf_counter()
        network.train()
        # The last few images wait for another epoch: a batch of one upsets batch normalisation.
        order = training[torch.randperm(len(training))]
        batches = order[: len(order) // BATCH * BATCH].view(-1, BATCH)
        for number, members in enumerate(batches):
            done = epoch - 1 + (number + 1) / len(batches)
            part = (done - WARM_UP) / max(given.epochs - WARM_UP, 1)
            rate = done / WARM_UP if part < 0 else (1 + math.cos(math.pi * part)) / 2
            optimizer.param_groups[0]["lr"] = RATE * rate
            optimizer.zero_grad()
            loss(network(changed(images[members])), classes[members]).backward()
            optimizer.step()
        right = (predicted(network, images[validation]) == classes[validation]).float().mean()
        print(f"{time.perf_counter() - began:.3f} {right:.3f}", flush=True)
    if given.predictions is not None:
        unseen = torch.from_numpy(arrays["unseen"]).permute(0, 3, 1, 2)
        np.save(given.predictions, predicted(network, unseen).numpy())


@torch.no_grad()
def predicted(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    network.eval()
    images = images.contiguous(memory_format=torch.channels_last)
    return torch.cat([network(part).argmax(1) for part in images.split(128)])


if __name__ == "__main__":
    main()
