"""Interactive figures: alive in Jupyter and Colab, and on a static page without a kernel.

Needs ``anywidget``, which the book's requirements include: ``pip install fa-core[book]``.
"""

from fa_core.widgets.adaptation import Adaptation
from fa_core.widgets.drag_digit import DragDigit
from fa_core.widgets.laboratory import Laboratory
from fa_core.widgets.opening import Opening
from fa_core.widgets.race import Race
from fa_core.widgets.rate_ratio import RateRatio
from fa_core.widgets.scrub_alignment import ScrubAlignment
from fa_core.widgets.spectrum import SingularSpectrum
from fa_core.widgets.start_plane import StartPlane

__all__ = [
    "Adaptation",
    "DragDigit",
    "Laboratory",
    "Opening",
    "Race",
    "RateRatio",
    "ScrubAlignment",
    "SingularSpectrum",
    "StartPlane",
]
