"""Read what only the Go types know: pointers, omitempty and protobuf numbers."""

import dataclasses
import functools
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

# OpenAPI names start with the package's path; these are the modules they live in.
_MODULES = {
    "io.k8s.api.": "api",
    "io.k8s.apimachinery.": "apimachinery",
    "io.k8s.apiextensions-apiserver.": "apiextensions-apiserver",
    "io.k8s.kube-aggregator.": "kube-aggregator",
}
_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\t(?:(\w+)\s+)?(\*?[\w.\[\]*]+)(?:\s+`([^`]*)`)?\s*(?://.*)?$")
_TAG = re.compile(r'(\w+):"([^"]*)"')


# Packages of one version are imported as ``metav1``, ``corev1``.
_ALIAS = re.compile(r"[a-z]*?(v\d\w*)\Z")


@dataclass(frozen=True)
class GoField:
    """One field as JSON sees it.

    Attributes:
        wire: Its name in JSON.
        pointer: Whether absent and zero are two things.
        omitempty: Whether Go leaves an empty value out of JSON; a struct never is.
        omitzero: Whether Go leaves a zero value out, of a struct too.
        number: Protobuf field numbers, outermost first: more than one where Go
            inlines a struct that protobuf keeps as a message; empty for none.
        inside: The Go structs that are inlined around it, outermost first.
        type: Its Go type without the pointer, as errors show it: ``v1.Protocol``.
    """

    wire: str
    pointer: bool
    omitempty: bool
    omitzero: bool
    number: tuple[int, ...]
    inside: tuple[str, ...] = ()
    type: str = ""


@functools.cache
def module_cache() -> Path:
    """Return Go's module cache."""
    command = ["go", "env", "GOMODCACHE"]
    out = subprocess.run(command, check=True, capture_output=True, text=True)
    return Path(out.stdout.strip())


def package_folder(package: str, version: str) -> Path:
    """Return the folder of an OpenAPI package name, as ``io.k8s.api.core.v1``.

    Args:
        package: The schema's name without its last part.
        version: Version of the staging modules, as ``v0.36.3``.
    """
    for prefix, module in _MODULES.items():
        if package.startswith(prefix):
            inner = package.removeprefix(prefix).replace(".", "/")
            return module_cache() / "k8s.io" / f"{module}@{version}" / inner
    raise ValueError(f"no Go module is known for {package}")


@functools.cache
def structs(folder: Path) -> dict[str, list[tuple[str, str, dict[str, str]]]]:
    """Return the struct types of one package: name -> (field, Go type, tags)."""
    found: dict[str, list[tuple[str, str, dict[str, str]]]] = {}
    for file in sorted(folder.glob("*.go")):
        if file.name.startswith("zz_") or file.name.endswith((".pb.go", "_test.go")):
            continue
        for name, body in _STRUCT.findall(file.read_text()):
            fields = []
            for line in body.splitlines():
                match = _FIELD.match(line)
                if match is None:
                    continue
                field, type_, tags = match.groups()
                fields.append((field or "", type_, dict(_TAG.findall(tags or ""))))
            found[name] = fields
    return found


def _number(tags: dict[str, str]) -> tuple[int, ...]:
    parts = tags.get("protobuf", "").split(",")
    return (int(parts[1]),) if len(parts) > 1 and parts[1].isdigit() else ()


def _shown(type_: str, package: str) -> str:
    """Return a Go type as errors show it: with its package's own name."""
    lists, _, name = type_.lstrip("*").rpartition("]")
    lists = f"{lists}]" if lists else ""
    alias, _, short = name.lstrip("*").rpartition(".")
    if not alias and name[:1].islower():
        return lists + name
    version = _ALIAS.match(alias or package.rpartition(".")[2])
    return f"{lists}{version[1] if version else alias}.{short}"


def fields_of(package: str, name: str, version: str) -> list[GoField] | None:
    """Return the JSON fields of a Go struct in their order, or None for no struct.

    ``TypeMeta`` is left out: kind and apiVersion have no protobuf number of their own.
    """
    known = structs(package_folder(package, version))
    if name not in known:
        return None
    result: list[GoField] = []
    for field, type_, tags in known[name]:
        wire, _, options = tags.get("json", "").partition(",")
        if "inline" in options.split(",") or not (field or wire):
            if type_.endswith("TypeMeta"):
                continue
            outer = _number(tags)
            inlined = type_.lstrip("*").rpartition(".")[2]
            for item in fields_of(package, inlined, version) or ():
                number = outer + item.number if outer else item.number
                inside = (field or inlined, *item.inside)
                item = dataclasses.replace(item, number=number, inside=inside)  # noqa: PLW2901
                result.append(item)
        elif wire and wire != "-":
            said = options.split(",")
            result.append(
                GoField(
                    wire=wire,
                    pointer=type_.startswith("*"),
                    omitempty="omitempty" in said,
                    omitzero="omitzero" in said,
                    number=_number(tags),
                    type=_shown(type_, package),
                )
            )
    return result
