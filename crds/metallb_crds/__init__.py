"""The API as types: every kind of metallb.io and frrk8s.metallb.io, and the CRDs made from them."""
