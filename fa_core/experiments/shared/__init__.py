"""What the experiments share: conditions and the function that trains them, tasks, measures."""
