"""Make the table and the stubs of the built-in kinds from the real API server.

    python -m tools.k8s.generate                # starts the server of `make kube`
    python -m tools.k8s.generate --save FOLDER  # and keeps what it published
    python -m tools.k8s.generate --read FOLDER  # from such a folder

The Go types of the same version must be in Go's module cache, where `make kube` puts
them: protobuf numbers and pointers stand nowhere else.
"""

import argparse
import json
import zlib
from pathlib import Path

from tools.k8s import inputs, protos, stubs, table

FOLDER = Path(__file__).resolve().parents[2] / "src" / "homeostat" / "k8s"


def main() -> None:
    parser = argparse.ArgumentParser(description="Make homeostat.k8s.")
    parser.add_argument("--save", type=Path, help="keep the server's documents here")
    parser.add_argument("--read", type=Path, help="read documents that --save kept")
    options = parser.parse_args()
    documents = inputs.read(options.read) if options.read else inputs.fetch()
    if options.save:
        inputs.save(documents, options.save)
    made = table.build(inputs.inputs(documents))
    if wrong := protos.differences(made):
        raise SystemExit("\n".join(wrong))
    raw = json.dumps(made, separators=(",", ":")).encode()
    packed = zlib.compress(raw, 9)
    (FOLDER / "table.json.z").write_bytes(packed)
    stubs.write(made, FOLDER)
    print(
        f"{made['server']}: {len(made['types'])} types, "
        f"{len(made['resources'])} resources, {len(packed)} bytes"
    )


if __name__ == "__main__":
    main()
