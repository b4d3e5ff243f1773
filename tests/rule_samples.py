"""Small networks and batches that tests of rules share."""

import fa_core as fa

SIZES, STEPS, LR, DECAY = [6, 5, 4, 3], 300, 1e-2, 0.1


def batches(networks, steps=STEPS, samples=8):
    """Noise in float64, the same at every call."""
    noise = fa.NoiseGenerator(SIZES[0], SIZES[-1], networks=networks)
    for _ in range(steps):
        yield tuple(tensor.double() for tensor in noise.batch(samples))
