"""What is packed comes back, whoever packs beside."""

import random
from concurrent.futures import ThreadPoolExecutor

from homeostat.apiserver._pack import pack, unpack


def _survives(seed: int) -> bool:
    words = random.Random(seed).choices(["spec", "status", "metadata", "x"], k=20_000)
    data = f"{seed} {' '.join(words)}".encode()
    return all(unpack(pack(data)) == data for _ in range(20))


def test_servers_in_several_threads_do_not_meet() -> None:
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(_survives, range(8)))
