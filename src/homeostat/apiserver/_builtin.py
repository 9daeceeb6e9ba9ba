"""Defaults and validation of built-in kinds."""


try:
    from homeostat.apiserver._defaults import apply_builtin_defaults
except ImportError:

    def apply_builtin_defaults(gvk, obj):
        pass


try:
    from homeostat.apiserver._builtin_validation import validate_builtin
except ImportError:

    def validate_builtin(gvk, new, old):
        return []
