"""kubectl metallb: what people type."""
