"""The Kubernetes API: identities, ordering, errors and the one client. Knows nothing of MetalLB."""
