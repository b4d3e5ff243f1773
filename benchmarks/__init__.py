"""Speed of fa_core beside what a user would write, and beside what the machine can do."""
