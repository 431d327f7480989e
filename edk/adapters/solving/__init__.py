"""What BuildKit and the classic builder tell of a build, and what a failure means: shared by all builders."""
