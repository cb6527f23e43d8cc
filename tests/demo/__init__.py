"""`make demo`: the operator and its webhooks at work on a real API server, narrated and timed."""
