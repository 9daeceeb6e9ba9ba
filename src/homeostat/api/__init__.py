"""The object model: metadata, kinds, selectors, quantities, conditions. Pure data.

Guarantees:

* No I/O, no asyncio, nothing heavy at import: the leaves and msgspec are enough.
* Wire names are exact, unknown fields are tolerated, and reading never rejects an
  object for a constraint of its schema.
* ``None`` is never sent where it is the default; any other default of a user's model
  is, so that server-side apply owns it; built-in types leave out what Go's
  ``omitempty`` does.
* Functions do not keep or share what they are given; those that change an argument in
  place say so in their first line.
* Bad declarations fail where the class is defined, with a text that says what to write.
"""

from homeostat.api._codec import Kind, decode, encode, from_dict, kind_of, to_dict
from homeostat.api._conditions import condition_status, find_condition, set_condition
from homeostat.api._custom import CustomResource, Spec, Status, custom_resource
from homeostat.api._definition import Definition, PrinterColumn, Scale
from homeostat.api._field import Field, FieldInfo, IntOrString, ValidationRule
from homeostat.api._fields import FieldRequirement, FieldSelector
from homeostat.api._kinds import (
    JSON,
    GroupVersionKind,
    GroupVersionResource,
    NamespacedName,
    Request,
    Resource,
    Unstructured,
)
from homeostat.api._labels import Requirement, Selector
from homeostat.api._metadata import (
    Condition,
    LabelSelector,
    LabelSelectorRequirement,
    ListMeta,
    ManagedFieldsEntry,
    Object,
    ObjectMeta,
    OwnerReference,
)
from homeostat.api._model import Model, fields_of, wire_name
from homeostat.api._overlay import overlay
from homeostat.api._owners import (
    AlreadyOwnedError,
    controller_of,
    owner_references,
    set_controller_reference,
    set_owner_reference,
)
from homeostat.api._quantity import Quantity
from homeostat.api._schema import UNSET, Schema
from homeostat.api._time import MicroTime, Time
from homeostat.api._versions import parse_resource_version

__all__ = [
    "JSON",
    "UNSET",
    "AlreadyOwnedError",
    "Condition",
    "CustomResource",
    "Definition",
    "Field",
    "FieldInfo",
    "FieldRequirement",
    "FieldSelector",
    "GroupVersionKind",
    "GroupVersionResource",
    "IntOrString",
    "Kind",
    "LabelSelector",
    "LabelSelectorRequirement",
    "ListMeta",
    "ManagedFieldsEntry",
    "MicroTime",
    "Model",
    "NamespacedName",
    "Object",
    "ObjectMeta",
    "OwnerReference",
    "PrinterColumn",
    "Quantity",
    "Request",
    "Requirement",
    "Resource",
    "Scale",
    "Schema",
    "Selector",
    "Spec",
    "Status",
    "Time",
    "Unstructured",
    "ValidationRule",
    "condition_status",
    "controller_of",
    "custom_resource",
    "decode",
    "encode",
    "fields_of",
    "find_condition",
    "from_dict",
    "kind_of",
    "overlay",
    "owner_references",
    "parse_resource_version",
    "set_condition",
    "set_controller_reference",
    "set_owner_reference",
    "to_dict",
    "wire_name",
]
