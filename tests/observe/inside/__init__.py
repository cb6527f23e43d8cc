"""Scripts that run inside a place, with the standard library alone: they import nothing of ours."""
