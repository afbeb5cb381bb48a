"""What is looked at: each is a pure `reset` and `step` on tensors."""
