"""How long a training takes to reach an error; see `time_to_error`."""
