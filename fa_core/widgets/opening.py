"""The first page's figure: noise turns W2 towards B2, then three networks race on digits."""

from __future__ import annotations

from typing import Any, ClassVar

from fa_core.widgets.laboratory import Laboratory

# Short, so that eight seconds show all of it. Of the first few seeds this one starts nearest to 90
# degrees, as networks do on average.
_SHORT = {"noise": 1000, "noise_lr": 1e-3, "data": 600, "data_lr": 5e-4, "seed": 2}


class Opening(Laboratory):
    """One run of the laboratory as a short film that starts by itself.

    First noise alone: the entries of W2 over those of B2, and the angle between the two. Then FA,
    noise then FA, and BP learn the 8x8 digits. A reader who asks for little motion sees the end.

    Args:
        **settings: as those of :class:`Laboratory`; by default those of a short run.

    Raises:
        TypeError, ValueError: as :class:`Laboratory`.
    """

    _module: ClassVar[str] = "opening.js"
    _styles: ClassVar[tuple[str, ...]] = ("base.css", "opening.css")

    def __init__(self, **settings: float | str) -> None:
        super().__init__(plays=False, **{**_SHORT, **settings})  # a film starts by itself

    def state(self) -> dict[str, Any]:
        """What the film reads: it has no controls."""
        read = ("images", "labels", "rules", "settings", "train_size")
        return {name: value for name, value in super().state().items() if name in read}

    def description(self) -> str:
        own = self.settings
        return (
            f"A short film (it needs JavaScript): {own['noise']:,} steps on random noise turn the "
            "weights W2 of a network towards its feedback weights B2, and the angle between the "
            "two falls from about 90 degrees. Then three networks learn digits for "
            f"{own['data']:,} steps: by feedback alignment (FA), by FA after the noise, and by "
            "backpropagation (BP). FA after noise learns sooner than FA."
        )
