"""What the owner of a partition knows: state, positions, what is finished and what waits."""
