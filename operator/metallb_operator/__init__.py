"""MetalLB object in, running MetalLB out."""
