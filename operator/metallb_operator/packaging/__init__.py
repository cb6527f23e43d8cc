"""What is installed on a cluster, as values: one source for the manifest and the OLM bundle."""
