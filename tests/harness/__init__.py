"""Test support: the real control plane, and one face for both API servers.

``kube`` runs etcd, kube-apiserver and kube-controller-manager; ``http`` carries
requests to it without the code under test; ``server`` is what the contract suite talks
to, embedded or real.
"""
