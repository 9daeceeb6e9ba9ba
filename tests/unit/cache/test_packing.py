import json
import random
import threading

import pytest

from homeostat.cache._packing import TRAIN_AT, WINDOW, Packer, train
from homeostat.cache._shelf import Shelf
from tests.unit.cache.support import POD, pod, record


def document(number: int, *, seed: int = 0) -> bytes:
    """One of a family of like objects; each seed has words of its own."""
    words = random.Random(seed).choices(range(10**9), k=40)
    spec = {f"f{word}": f"{word} {number * word % 97}" for word in words}
    return json.dumps(pod(f"web-{number}", number + 1, spec=spec)).encode()


def documents(*, seed: int) -> list[bytes]:
    return [document(number, seed=seed) for number in range(50)]


def trained() -> Packer:
    packer = Packer()
    for number in range(TRAIN_AT):
        packer.pack(document(number))
    packer.adopt(train(packer.samples))
    return packer


def test_few_objects_stay_plain() -> None:
    packer = Packer()
    for number in range(TRAIN_AT - 1):
        assert packer.pack(document(number)) == document(number)
    assert not packer.due


def test_dictionary_is_due_when_there_are_enough() -> None:
    packer = Packer()
    for number in range(TRAIN_AT + 5):
        packer.pack(document(number))
    assert packer.due
    assert len(packer.samples) == TRAIN_AT


def test_large_objects_are_enough_sooner() -> None:
    packer = Packer()
    for _ in range(5):
        packer.pack(b'{"x":"' + b"y" * (1 << 20) + b'"}')
    assert packer.due


def test_packed_objects_are_small_and_come_back_byte_for_byte() -> None:
    packer = trained()
    packed = packer.pack(document(7777))
    assert len(packed) * 5 < len(document(7777))
    assert packer.unpack(packed) == document(7777)


def test_packed_bytes_have_a_block_of_their_own_size() -> None:
    packed = trained().pack(memoryview(document(7777)))
    assert type(packed) is bytes


def test_what_does_not_shrink_stays_plain() -> None:
    packer = trained()
    assert packer.pack(b"{}") == b"{}"
    assert packer.unpack(b"{}") == b"{}"


def test_without_packing_nothing_is_due() -> None:
    packer = Packer(enabled=False)
    for number in range(2 * TRAIN_AT):
        assert packer.pack(document(number)) == document(number)
    assert not packer.due


def test_objects_that_have_nothing_in_common_are_packed_alone() -> None:
    assert train([b"{}"] * 3) == b""
    packer = Packer()
    packer.adopt(b"")
    assert packer.unpack(packer.pack(document(1))) == document(1)


def test_dictionary_that_fits_no_more_is_replaced_and_old_bytes_stay_readable() -> None:
    packer = trained()
    old = packer.pack(document(1))
    same, other = documents(seed=0), documents(seed=1)
    for number in range(2 * WINDOW):
        packer.pack(same[number % 50])
    assert packer.samples == []
    for number in range(2 * WINDOW):
        packer.pack(other[number % 50])
    assert len(packer.samples) == TRAIN_AT
    worse = len(packer.pack(other[0]))
    packer.adopt(train(packer.samples))
    new = packer.pack(other[0])
    assert len(new) * 1.3 < worse
    assert packer.unpack(old) == document(1)
    assert packer.unpack(new) == other[0]
    assert packer.unpack(packer.repack(old)) == document(1)


def test_dictionaries_come_ever_more_rarely() -> None:
    packer = trained()
    taken: list[int] = []
    for window in range(20):
        # Nothing packs as well as what the dictionary was made for, for long.
        family = documents(seed=0 if packer._baseline == 0 else window)
        for number in range(WINDOW):
            packer.pack(family[number % 50])
            if packer.due:
                packer.adopt(b"")
                taken.append(window)
    assert 1 <= len(taken) <= 4


def test_bytes_of_no_dictionary_here_are_an_error() -> None:
    foreign = trained().pack(document(1))
    with pytest.raises(ValueError, match="no dictionary here"):
        Packer().unpack(foreign)


def test_threads_may_unpack_at_once() -> None:
    packer = trained()
    packed = [packer.pack(document(number)) for number in range(300)]
    wrong: list[int] = []

    def read() -> None:
        for _ in range(5):
            for number, data in enumerate(packed):
                if packer.unpack(data) != document(number):
                    wrong.append(number)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_record_is_packed_anew_in_its_place() -> None:
    shelf = Shelf(POD)
    held = [record(f"web-{n}", spec=pod(str(n))).on(shelf) for n in range(TRAIN_AT)]
    before = [each.data for each in held]
    plain = sum(len(each._packed) for each in held)
    shelf.packer.adopt(train(shelf.packer.samples))
    for each in held:
        each.repack()
    assert [each.data for each in held] == before
    assert sum(len(each._packed) for each in held) * 2 < plain
    assert held[0].object["metadata"]["name"] == "web-0"
