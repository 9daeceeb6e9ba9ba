"""The types of meta.k8s.io/v1; the stub lists them."""

from homeostat.k8s._classes import lazy_module

__getattr__, __dir__ = lazy_module(__name__)
