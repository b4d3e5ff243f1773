"""Lets a CUDA build of torchvision be imported beside a CPU-only torch.

Such a torchvision registers fake kernels for two operators that its compiled half would define.
That half cannot load without CUDA, so the import fails. Declaring the two schemas is enough for
its data sets and transforms. On every matching pair of builds this module does nothing.
"""

import importlib.util
import re
from pathlib import Path

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _is_accelerator_build() -> bool:
    """Whether the installed torchvision was built for CUDA or ROCm (read without importing it)."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return False
    version = Path(spec.origin).with_name("version.py")
    return version.is_file() and bool(re.search(r"\+(cu|rocm)\d", version.read_text()))


def _declare_missing_operators() -> torch.library.Library | None:
    torch_has_accelerator = torch.version.cuda is not None or torch.version.hip is not None
    if torch_has_accelerator or not _is_accelerator_build():
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        library.define(operator + _SCHEMA)
    return library


# The declarations live as long as this object does.
_library = _declare_missing_operators()
