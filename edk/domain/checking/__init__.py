"""Kaapana's conventions as lint: facts of single files, rules over all of them, suppressions, and what mends."""
