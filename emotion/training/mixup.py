"""Faces mixed with one another."""

import numpy as np


class Mixup:
    """What mixes each face of an epoch with another of it.

    Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018, section 2.

    Attributes:
        own: float32 (faces,), the share that each keeps of itself.
        partner: int (faces,), the place of the other one.
    """

    def __init__(self, faces: int, alpha: float, rng: np.random.Generator) -> None:
        """Draw the shares and the partners.

        Args:
            faces: how many there are in the epoch.
            alpha: both parameters of the beta distribution of the shares.
            rng: draws them.
        """
        self.own = rng.beta(alpha, alpha, faces).astype(np.float32)
        self.partner = rng.permutation(faces)

    def of(
        self,
        faces: np.ndarray,
        targets: np.ndarray,
        others: np.ndarray,
        other_targets: np.ndarray,
        places: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return faces and targets, mixed.

        Args:
            faces: uint8 (N, 48, 48, 1).
            targets: float (N, K), the shares of the classes.
            others: the faces of their partners.
            other_targets: the targets of those.
            places: int (N,), where the faces stand in the epoch.
        """
        own = self.own[places]
        mixed = np.empty_like(faces)
        # Row by row, because the float copies of a block would take a hundred megabytes
        for row, share in enumerate(own):
            mixed[row] = np.rint(share * faces[row] + (1 - share) * others[row])
        return mixed, own[:, None] * targets + (1 - own[:, None]) * other_targets
