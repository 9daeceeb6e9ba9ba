"""From a definition to the resources that it makes the server serve."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from homeostat.api import GroupVersionKind, Resource, Schema
from homeostat.apiserver._access import child, items
from homeostat.apiserver._context import Cluster
from homeostat.apiserver._discovery import version_order
from homeostat.apiserver._encode import encode_map
from homeostat.apiserver._kinds import texts
from homeostat.apiserver._registry import Scale, Served
from homeostat.apiserver._store import Table
from homeostat.k8s import schema_of
from homeostat.schema import apply_defaults, drop_nulls, parse_schema, prune

__all__ = ["VERBS", "object_meta", "serve_definition", "table_name"]

Value = dict[str, Any]

# In the order in which the real server tells them.
VERBS = (
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "create",
    "update",
    "watch",
)


def table_name(group: str, plural: str) -> str:
    """Return the name of the table of a resource."""
    return f"{plural}.{group}"


@cache
def object_meta() -> Schema:
    """Return the schema of ``metadata``."""
    config_map = schema_of(GroupVersionKind("", "v1", "ConfigMap"))
    if config_map is None:
        raise LookupError("the built-in table has no ConfigMap")
    return config_map.properties["metadata"]


def serve_definition(cluster: Cluster, crd: Value, *, established: bool) -> None:
    """Serve the versions of a definition as it stands, once it is established."""
    if not established:
        return
    spec = crd["spec"]
    group, names = spec["group"], crd["status"]["acceptedNames"]
    plural = names["plural"]
    versions: Sequence[Value] = spec["versions"]
    stored = next(v["name"] for v in versions if v.get("storage"))
    table = _table(cluster, table_name(group, plural), versions)
    # Objects stored under an older definition are read as the newer one has them.
    changed = bool(table.live) and crd["metadata"].get("generation", 1) > 1
    cluster.registry.remove(group, plural, custom=True)
    storage = GroupVersionKind(group, stored, names["kind"])
    schemas = {version["name"]: _schema_of(version) for version in versions}
    every: dict[str, Served] = {}
    for version in versions:
        schema = schemas[version["name"]]
        served = Served(
            resource=_resource(spec, names, version),
            table=table,
            load_schema=partial(_with_metadata, schema),
            validation=schema,
            storage=storage,
            custom=True,
            scale=_scale(version),
            generation=True,
            needs_version=True,
            deprecation=_deprecation(crd, version),
            terminating=bool(crd["metadata"].get("deletionTimestamp")),
            fields=frozenset(_field_reader([version])({})),
            document=_document_of(version),
            columns=tuple(items(version, "additionalPrinterColumns")),
            versions=every.get,
            **_conversions(
                storage, version["name"], schemas, needed=changed or len(versions) > 1
            ),
        )
        every[served.gvk.api_version] = served
        # A built-in resource keeps its place.
        taken = cluster.registry.find(group, version["name"], plural) is not None
        if version.get("served") and not taken:
            cluster.registry.install(served)


def _table(cluster: Cluster, name: str, versions: Sequence[Value]) -> Table:
    """Return the table of a kind, which a restart may have made and filled already."""
    reader = _field_reader(versions)
    table = cluster.store.table(name, reader, encode_map)
    table.encode = encode_map
    if set(reader({})) != set(table.fields({})):
        table.read_fields(reader)
    return table


def _document_of(version: Value) -> Value:
    return child(child(version, "schema"), "openAPIV3Schema")


def _schema_of(version: Value) -> Schema:
    return parse_schema(_document_of(version))


def _with_metadata(schema: Schema) -> Schema:
    """Return the schema of the whole object: what Go decodes and what the CRD says."""
    whole = Schema.__new__(Schema)
    for slot in Schema.__slots__:
        setattr(whole, slot, getattr(schema, slot))
    text = Schema("string")
    whole.properties = {
        **schema.properties,
        "apiVersion": text,
        "kind": text,
        "metadata": object_meta(),
    }
    whole.cache = {}
    return whole


def _resource(spec: Value, names: Value, version: Value) -> Resource:
    subresources = child(version, "subresources")
    return Resource(
        gvk=GroupVersionKind(spec["group"], version["name"], names["kind"]),
        plural=names["plural"],
        namespaced=spec["scope"] == "Namespaced",
        singular=names.get("singular", ""),
        short_names=tuple(items(names, "shortNames")),
        categories=tuple(items(names, "categories")),
        list_kind=names.get("listKind", ""),
        subresources=frozenset(n for n in ("status", "scale") if n in subresources),
        verbs=VERBS,
    )


def _scale(version: Value) -> Scale | None:
    scale = child(version, "subresources").get("scale")
    if not scale:
        return None
    return Scale(
        spec_path=scale["specReplicasPath"],
        status_path=scale["statusReplicasPath"],
        selector_path=scale.get("labelSelectorPath") or "",
    )


def _deprecation(crd: Value, version: Value) -> str:
    if not version.get("deprecated"):
        return ""
    spec = crd["spec"]
    group, kind, name = spec["group"], spec["names"]["kind"], version["name"]
    given: str | None = version.get("deprecationWarning")
    if given:
        return given
    text = f"{group}/{name} {kind} is deprecated"
    newer = [
        each["name"]
        for each in spec["versions"]
        if each.get("served")
        and not each.get("deprecated")
        and version_order(each["name"]) < version_order(name)
    ]
    if newer:
        text += f"; use {group}/{min(newer, key=version_order)} {kind}"
    return text


def _field_reader(
    versions: Sequence[Value],
) -> Callable[[dict[str, Any]], Mapping[str, str]]:
    paths = {
        field["jsonPath"].lstrip(".")
        for version in versions
        for field in items(version, "selectableFields")
    }
    return texts(*sorted(paths))


def _conversions(
    storage: GroupVersionKind,
    version: str,
    schemas: Mapping[str, Schema],
    *,
    needed: bool,
) -> dict[str, Any]:
    """Return the conversions of a version; none where stored bytes are right.

    Args:
        storage: The kind in the version that is stored now.
        version: The version.
        schemas: Those of all versions, served or not.
        needed: There are other versions, or objects stored by an older definition.

    Without a webhook a conversion changes the name of the version, and then drops what
    the other does not know. Defaults come from the version that an object is stored in,
    and from the one that it is written in.
    """
    if not needed:
        return {}
    own = GroupVersionKind(storage.group, version, storage.kind)

    def convert(value: Value, given: str, wanted: GroupVersionKind) -> Value:
        if given != wanted.api_version:
            value["apiVersion"] = wanted.api_version
            prune(value, schemas[wanted.version])
        return value

    def to_storage(value: Value) -> Value:
        return convert(value, value.get("apiVersion") or own.api_version, storage)

    def from_storage(value: Value) -> Value:
        given: str = value["apiVersion"]
        schema = schemas.get(given.rpartition("/")[2])
        if schema is not None:
            prune(value, schema)
            drop_nulls(value, schema)
            apply_defaults(value, schema)
        return convert(value, given, own)

    return {"to_storage": to_storage, "from_storage": from_storage}
