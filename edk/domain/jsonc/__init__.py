"""JSON with comments, as editors write their settings: read with places, and edited without losing a comment."""
