"""Interactive figures: alive in Jupyter and Colab, and on a static page without a kernel.

Needs ``anywidget``, which the book's requirements include: ``pip install fa-core[book]``.
"""

from fa_core.widgets.laboratory import Laboratory
from fa_core.widgets.scrub_alignment import ScrubAlignment

__all__ = ["Laboratory", "ScrubAlignment"]
