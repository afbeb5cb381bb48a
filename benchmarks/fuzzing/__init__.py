"""What is tried with inputs that nobody thought of."""
