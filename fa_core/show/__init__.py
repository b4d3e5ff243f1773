"""What the book's pages share: the style of figures, tabs, and a run beside the stored one."""
