"""Data sets as tensors, where they come from, and shifts of their images."""

from fa_core.data import torchvision_shim  # noqa: F401  (precedes any import of torchvision)
from fa_core.data.checks import DataNotFoundError
from fa_core.data.sets import Dataset, default_root, load

__all__ = ["DataNotFoundError", "Dataset", "default_root", "load"]
