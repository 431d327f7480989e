"""A builder made of several: which worker builds which target, as values and functions that are told the time."""
