"""Intervals of accuracies that were not measured here."""

from math import sqrt

# The accuracy of people on FER-2013, 65 ± 5 %. Source: Goodfellow et al., "Challenges in Representation
# Learning: A report on three machine learning contests", ICONIP 2013.
PEOPLE = (0.60, 0.70)
Z = 1.96  # standard errors of a 95 % interval


def wilson(share: float, rows: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share of `rows`.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22, 1927.
    """
    weight = 1 + Z**2 / rows
    centre = (share + Z**2 / (2 * rows)) / weight
    half = Z * sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2)) / weight
    return max(0.0, centre - half), min(1.0, centre + half)
