"""The Kubernetes contract: names of the four kinds, bodies to typed specs, and the generated CRDs."""
