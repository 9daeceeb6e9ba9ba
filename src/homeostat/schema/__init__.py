"""Schemas at work: prune, default, validate, patch, and who owns which field.

Pure functions over plain dicts and ``homeostat.api.Schema``: no I/O, no clock, no
chance. Guarantees:

- Inputs are never changed, except by the functions whose docstring says "in place"
  (``prune``, ``drop_nulls``, ``apply_defaults``).
- Errors have the texts of kube-apiserver 1.36, to the letter, so that a program that
  reads them cannot tell the servers apart.
- ``prune``, ``apply_defaults`` and apply are idempotent.
- Ownership is that of structured-merge-diff: the same field sets, in the same
  serialisation, from the same sequence of writes.
- What a schema node needs is computed at its first use and kept on the node.
"""

from homeostat.schema._conflicts import FieldConflictError
from homeostat.schema._crd import crd_for
from homeostat.schema._defaults import apply_defaults
from homeostat.schema._elements import (
    Path,
    field_element,
    index_element,
    key_element,
    path_text,
    value_element,
)
from homeostat.schema._embedded import malformed_embedded
from homeostat.schema._errors import (
    OMITTED,
    FieldError,
    aggregate,
    causes,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
    type_invalid,
)
from homeostat.schema._fieldset import FieldSet
from homeostat.schema._go import encode_json, format_float, show_value
from homeostat.schema._items import SchemaMismatchError
from homeostat.schema._json_patch import PatchError, json_patch
from homeostat.schema._managed import (
    apply_managed,
    same_but_times,
    update_managed,
)
from homeostat.schema._merge_patch import diff_merge_patch, merge_patch
from homeostat.schema._parse import dump_schema, parse_schema
from homeostat.schema._prune import drop_nulls, prune, unknown_fields
from homeostat.schema._strategic import strategic_merge
from homeostat.schema._structural import check_structural
from homeostat.schema._typed import field_set_of
from homeostat.schema._validate import validate
from homeostat.schema._versions import FindVersion, KindVersion

__all__ = [
    "OMITTED",
    "FieldConflictError",
    "FieldError",
    "FieldSet",
    "FindVersion",
    "KindVersion",
    "PatchError",
    "Path",
    "SchemaMismatchError",
    "aggregate",
    "apply_defaults",
    "apply_managed",
    "causes",
    "check_structural",
    "crd_for",
    "diff_merge_patch",
    "drop_nulls",
    "dump_schema",
    "duplicate",
    "encode_json",
    "field_element",
    "field_set_of",
    "forbidden",
    "format_float",
    "index_element",
    "invalid",
    "json_patch",
    "key_element",
    "malformed_embedded",
    "merge_patch",
    "not_supported",
    "parse_schema",
    "path_text",
    "prune",
    "required",
    "same_but_times",
    "show_value",
    "strategic_merge",
    "too_long",
    "too_many",
    "type_invalid",
    "unknown_fields",
    "update_managed",
    "validate",
    "value_element",
]
