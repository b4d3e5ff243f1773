"""One seed, many independent streams of random numbers.

Network ``i`` of a population with seed ``s`` uses the streams of seed ``s + i``. So it is the very
network that one gets alone from seed ``s + i``, whatever the size of the population around it.
"""

import numpy as np
import torch

from fa_core import _checks

# Each purpose has streams of its own: with a single one, the first noise batch would repeat W_1.
_PURPOSES = ("init", "noise", "probe", "order", "fixed-class", "control", "rule")
_STATE_BYTES = 5056  # of one torch generator


def generators(seed: int, purpose: str, networks: int | None = None) -> list[torch.Generator]:
    """Returns one CPU generator for each network (one in all for ``networks=None``).

    Streams of different seeds or purposes are statistically independent
    (:class:`numpy.random.SeedSequence`).

    Raises:
        TypeError, ValueError: as :func:`sequences`.
    """
    return [
        torch.Generator().manual_seed(int(sequence.generate_state(1, np.uint64)[0]))
        for sequence in sequences(seed, purpose, networks)
    ]


def sequences(seed: int, purpose: str, networks: int | None = None) -> list[np.random.SeedSequence]:
    """Returns the root of one stream for each network (one in all for ``networks=None``).

    Raises:
        TypeError: ``seed`` or ``networks`` is no integer.
        ValueError: a number below its minimum, an unknown purpose, or more networks than this
            machine has memory for.
    """
    seed = _checks.integer("seed", seed, 0)
    key = _PURPOSES.index(_checks.choice("purpose", purpose, _PURPOSES))
    count = 1 if networks is None else _checks.integer("networks", networks, 1)
    _checks.memory(f"networks={count}", count * _STATE_BYTES)
    return [np.random.SeedSequence([seed + network, key]) for network in range(count)]
