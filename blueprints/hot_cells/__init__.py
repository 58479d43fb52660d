"""What runs when a partition is hot: a monitor in a pod, and the steps of a state machine in functions."""
