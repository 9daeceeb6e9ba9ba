"""Warnings of the volumes of a pod: of removed drivers, and paths that overlap.

Source: kubernetes ``pkg/api/pod/warnings.go``.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from homeostat.apiserver._builtin_warnings_common import (
    Texts,
    Value,
    fraction_warnings,
)
from homeostat.apiserver._defaults_access import child, children

__all__ = ["OLD_DRIVERS", "claim_spec_warnings", "volume_warnings"]

OLD_DRIVERS: Final[Mapping[str, str]] = {
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
"""What volumes cannot be made of any more, and what is told of it; in its order."""

_OLD: Final[Mapping[str, str]] = {
    "photonPersistentDisk": OLD_DRIVERS["photonPersistentDisk"],
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": OLD_DRIVERS["scaleIO"],
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": OLD_DRIVERS["storageos"],
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": OLD_DRIVERS["glusterfs"],
    "ephemeral": "",  # told of its claim, and in this place
    "cephfs": OLD_DRIVERS["cephfs"],
    "rbd": OLD_DRIVERS["rbd"],
}


class _Place(NamedTuple):
    """A path in a volume, and what puts a file there."""

    path: str
    source: str = ""

    def __str__(self) -> str:
        return f'"{self.path}" ({self.source})' if self.source else f'"{self.path}"'


def volume_warnings(volumes: list[Value], path: str) -> Texts:
    """Return what is told of the volumes of a pod, which stand at a path."""
    texts: Texts = []
    for index, volume in enumerate(volumes):
        here = f"{path}[{index}]"
        for name, told in _OLD.items():
            if volume.get(name) is None:
                continue
            if told:
                # Go's name of it; all others are written alike.
                shown = "storageOS" if name == "storageos" else name
                texts.append(f"{here}.{shown}: {told}")
            else:
                template = child(child(volume, name), "volumeClaimTemplate")
                spec = child(template, "spec")
                where = f"{here}.{name}.volumeClaimTemplate.spec"
                texts += claim_spec_warnings(spec, where)
    return texts + [text for volume in volumes for text in _overlaps(volume)]


def claim_spec_warnings(spec: Value, path: str) -> Texts:
    """Return what is told of what a claim asks for."""
    resources = child(spec, "resources")
    texts: Texts = []
    for part in ("requests", "limits"):
        here = f"{path}.resources.{part}"
        texts += fraction_warnings(child(resources, part), here, ("storage",))
    return texts


def _overlaps(volume: Value) -> Texts:
    """Return what is told of the paths in a volume of which one hides another."""
    name = volume.get("name", "")
    found: list[tuple[str, str]] = []
    for key, called, named in (
        ("configMap", "ConfigMap", "name"),
        ("secret", "Secret", "secretName"),
        ("downwardAPI", "DownwardAPI", ""),
    ):
        given = child(volume, key)
        shown = f'{called} "{given.get(named, "")}"' if named else called
        found += [(shown, text) for text in _clashes(_items(given, ""))]
    texts = [f'volume "{name}" ({s}): overlapping paths: {t}' for s, t in found]
    return texts + _projected(volume, name)


def _projected(volume: Value, name: str) -> Texts:
    texts: Texts = []
    places: list[_Place] = []
    for source in children(child(volume, "projected"), "sources"):
        if not source:
            texts.append(f'volume "{name}" (Projected) has no sources provided')
        new = _places(source)
        for text in _clashes(new, places):
            told = f"overlapping paths: {text}"
            texts.append(f'volume "{name}" (Projected): {told}')
        places += new
    return texts


def _places(source: Value) -> list[_Place]:
    """Return what a source of a projected volume puts where."""
    for key, called in (("configMap", "ConfigMap"), ("secret", "Secret")):
        given = child(source, key)
        if given.get("items") is not None:
            return _items(given, f'{called} "{given.get("name", "")}"')
    if child(source, "downwardAPI").get("items") is not None:
        return _items(child(source, "downwardAPI"), "DownwardAPI")
    given = child(source, "serviceAccountToken")
    if given:
        return [_place(given.get("path", ""), "ServiceAccountToken")]
    given = child(source, "clusterTrustBundle")
    if not given:
        return []
    named = given.get("name", given.get("signerName", ""))
    return [_place(given.get("path", ""), f'ClusterTrustBundle "{named}"')]


def _items(given: Value, source: str) -> list[_Place]:
    return [_place(item.get("path", ""), source) for item in children(given, "items")]


def _place(path: str, source: str) -> _Place:
    return _Place(path.rstrip("/"), source)


def _clashes(new: Iterable[_Place], known: Iterable[_Place] = ()) -> Texts:
    texts: Texts = []
    places = list(known)
    for place in new:
        if place.path:
            texts += [
                f"{place} with {other}" for other in places if _hide(place, other)
            ]
        places.append(place)
    return texts


def _hide(one: _Place, other: _Place) -> bool:
    mine, theirs = f"{one.path}/", f"{other.path}/"
    return bool(other.path) and (mine.startswith(theirs) or theirs.startswith(mine))
