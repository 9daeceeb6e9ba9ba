from homeostat.api import ObjectMeta
from homeostat.k8s import apps_v1
from homeostat.localcluster._revisions import (
    Revision,
    data_of,
    in_order,
    revision_hash,
    surplus,
    template_of,
)


def revision(name: str, number: int) -> Revision:
    return apps_v1.ControllerRevision(metadata=ObjectMeta(name=name), revision=number)


def test_template_comes_back_as_it_was_kept() -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"hostname": "h"}}
    kept = apps_v1.ControllerRevision(data=data_of(template), revision=1)
    assert kept.data == {"spec": {"template": {**template, "$patch": "replace"}}}
    assert template_of(kept).metadata.labels == {"a": "b"}
    assert template_of(kept).spec.hostname == "h"


def test_hash_is_that_of_the_content() -> None:
    one = data_of({"a": "x", "b": {"c": 1, "d": 2}})
    other = data_of({"b": {"d": 2, "c": 1}, "a": "x"})
    assert revision_hash(one, 0) == revision_hash(other, 0)
    assert revision_hash(one, 0) != revision_hash(one, 1)
    assert revision_hash(one, 0) != revision_hash(data_of({"a": "x"}), 0)


def test_what_is_in_use_does_not_count_for_the_limit() -> None:
    history = in_order([revision("c", 3), revision("a", 1), revision("d", 4)])
    history = in_order([*history, revision("b", 1)])
    assert [r.metadata.name for r in history] == ["a", "b", "c", "d"]

    def goes(limit: int, *live: str) -> list[str]:
        return [r.metadata.name for r in surplus(history, limit, live)]

    assert goes(2) == ["a", "b"]
    assert goes(1, "a", "d") == ["b"]
    assert goes(0, "a", "d") == ["b", "c"]
    assert goes(9) == []
