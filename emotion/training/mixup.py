"""Faces mixed with one another."""

import numpy as np


def mixup(
    images: np.ndarray, targets: np.ndarray, alpha: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return faces and targets, each mixed with another of the same epoch.

    Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018, section 2.

    Args:
        images: uint8 (N, 48, 48, 1).
        targets: float (N, 7), the shares of the classes.
        alpha: both parameters of the beta distribution of a face's own share.
        rng: draws the shares and the partners.
    """
    own = rng.beta(alpha, alpha, len(images)).astype(np.float32)
    partner = rng.permutation(len(images))
    mixed = np.empty_like(images)
    for row, share in enumerate(own):  # row by row: float copies of all faces would take a gigabyte
        mixed[row] = np.rint(share * images[row] + (1 - share) * images[partner[row]])
    return mixed, own[:, None] * targets + (1 - own[:, None]) * targets[partner]
