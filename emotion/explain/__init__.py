"""Which parts of a face spoke for an emotion."""
