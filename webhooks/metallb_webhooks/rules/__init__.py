"""What must hold of configuration: one file a kind, each a table of pure checks."""
