"""Reading Helm charts, and the edits of their staged copies."""
