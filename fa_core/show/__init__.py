"""What the book's pages share: the style of figures, tabs, a run beside the stored one, numbers."""

from fa_core.show.primary import key_number

__all__ = ["key_number"]
