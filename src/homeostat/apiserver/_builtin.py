"""Defaults and validation of built-in kinds."""
from homeostat.apiserver._defaults import apply_builtin_defaults
from homeostat.apiserver._defaults_create import prepare_builtin_create
try:
    from homeostat.apiserver._builtin_validation import validate_builtin
except ImportError:
    def validate_builtin(gvk, new, old): return []
__all__ = ["apply_builtin_defaults", "prepare_builtin_create", "validate_builtin"]
