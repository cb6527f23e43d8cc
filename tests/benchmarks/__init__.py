"""How fast the product is, measured against MetalLB's own servers on the same machine."""
