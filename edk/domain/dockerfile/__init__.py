"""Reading Dockerfiles: what they are built from, what they are called, what of a context they use."""
