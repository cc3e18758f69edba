"""fast_cnn and its augmentation in PyTorch, an epoch for each line of standard input.

benchmarks/pytorch.py runs this with the Python of PyTorch's environment, so it imports nothing of this
project. The arguments are the images of an epoch, the size of a batch, and the largest shift, in sides of a
face.
"""

import sys
import time

import torch
from torch import nn

SIDE, CLASSES = 48, 7
MIDDLE, SPREAD = 127.5, 127.5  # of pixels


class Convolution(nn.Sequential):  # type: ignore[misc]
    """A convolution, max-pooling if asked for, batch normalisation and ReLU: emotion.network.blocks."""

    def __init__(self, inputs: int, filters: int, size: int = 3, stride: int = 1, pool: bool = False) -> None:
        """Take what the convolution is made of."""
        super().__init__(
            nn.Conv2d(inputs, filters, size, stride, size // 2, bias=False),
            nn.MaxPool2d(2) if pool else nn.Identity(),
            nn.BatchNorm2d(filters),
            nn.ReLU(inplace=True),
        )


def network() -> nn.Module:
    """Return fast_cnn: pixels (N, 1, 48, 48) in [-1, 1] to logits (N, 7)."""
    return nn.Sequential(
        Convolution(1, 24, size=5, stride=2),
        Convolution(24, 64, pool=True),
        Convolution(64, 64),
        Convolution(64, 128, pool=True),
        Convolution(128, 128),
        Convolution(128, 256, pool=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(256, CLASSES),
    )


def changed(faces: torch.Tensor, share: float) -> torch.Tensor:
    """Return faces (N, 1, 48, 48), half of them mirrored and each shifted by whole pixels; edges go on."""
    number, most, places = len(faces), share * SIDE, torch.arange(SIDE)
    mirrored = torch.rand(number, 1) < 0.5
    shifts = torch.empty(2, number, 1).uniform_(-most, most).round().long()
    rows = (places + shifts[0]).clamp(0, SIDE - 1)
    columns = (places + shifts[1]).clamp(0, SIDE - 1)
    columns = torch.where(mirrored, SIDE - 1 - columns, columns)
    return faces[torch.arange(number)[:, None, None], :, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


def main() -> None:
    """Train an epoch a line, with its validation, and print how many seconds it took."""
    images, batch, share = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    torch.manual_seed(0)
    faces = torch.randint(0, 256, (images + images // 9, 1, SIDE, SIDE), dtype=torch.uint8)
    labels = torch.randint(0, CLASSES, (len(faces),))
    model = network().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters())
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)

    def answers(pixels: torch.Tensor) -> torch.Tensor:
        scaled = ((pixels.float() - MIDDLE) / SPREAD).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            logits: torch.Tensor = model(scaled)
        return logits.float()

    for _ in sys.stdin:
        began = time.perf_counter()
        model.train()
        for rows in torch.randperm(images).split(batch):
            optimizer.zero_grad()
            loss(answers(changed(faces[rows], share)), labels[rows]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            for rows in torch.arange(images, len(faces)).split(batch):
                loss(answers(faces[rows]), labels[rows]).item()
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
