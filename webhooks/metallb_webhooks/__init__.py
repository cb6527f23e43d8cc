"""AdmissionReview in, verdict out: the rules of MetalLB's configuration and the server that applies them."""
