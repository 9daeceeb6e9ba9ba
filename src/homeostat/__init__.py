"""A controller runtime for Kubernetes, with the cluster in the box."""
