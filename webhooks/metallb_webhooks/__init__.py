"""AdmissionReview in, verdict out: the rules of MetalLB's configuration, and their server."""
