"""Names of findings that stay the same where numbers and data sets differ between two scales."""

from __future__ import annotations

import re
from collections.abc import Collection


def slug(name: str) -> str:
    """A name as it stands in keys: ``noisy-digits``."""
    return re.sub(r"[^a-z0-9.-]+", "-", name.lower())


def roles(main: float, others: Collection[float]) -> dict[float, str]:
    """What each value is to the main one: the next ``below`` or ``above``, then ``above-2``, ...

    >>> roles(100, (30, 300, 1000))
    {30: 'below', 300: 'above', 1000: 'above-2'}
    """
    sides = {
        "below": sorted((value for value in others if value < main), reverse=True),
        "above": sorted(value for value in others if value >= main),
    }
    return {
        value: side if number == 1 else f"{side}-{number}"
        for side, values in sides.items()
        for number, value in enumerate(values, 1)
    }
