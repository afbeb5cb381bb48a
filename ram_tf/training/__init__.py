"""The training loop and what it needs; it knows no flags and no data set."""
