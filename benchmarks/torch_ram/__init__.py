"""A PyTorch RAM to measure ours against: it needs torch and NumPy alone."""
