"""Reading operator and DAG files: which images they name, without running them."""
