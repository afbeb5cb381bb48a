"""What a server runs: the graphs that are exported, and their checks."""
