"""What is seen from outside a cluster: requests, frames on the wire, routes."""
