"""Have the real libraries encode objects of every built-in kind, and keep that.

    python -m tools.k8s.messages

``tools/roundtrip`` makes each object in protobuf and in JSON; it needs Go and the
modules that ``make kube`` fetches.
"""

import json
import lzma
import os
import subprocess
import tempfile
from pathlib import Path

import yaml

from homeostat.k8s._table import types

_ROOT = Path(__file__).resolve().parents[2]
FILE = _ROOT / "tests" / "unit" / "k8s" / "messages.jsonl.xz"
# Objects as users write them, which the real server takes.
_MANIFESTS = _ROOT / "tests" / "unit" / "apiserver" / "defaults.yaml"
# As tools/kube/build.sh builds, so that both share what is compiled.
_BUILD = ("build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w")
_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOTOOLCHAIN": "local",
    "GOFLAGS": "-mod=readonly",
    "GOWORK": "off",
}


def kinds() -> list[list[str]]:
    """Return group, version and kind of all that the table has messages for."""
    return [entry["k"] for entry in types().values() if "k" in entry]


def make() -> str:
    """Return the objects, one in a line of JSON, as the real libraries make them."""
    lines = [" ".join(part or "-" for part in kind) for kind in kinds()]
    lines += map(json.dumps, yaml.safe_load_all(_MANIFESTS.read_text()))
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "roundtrip"
        subprocess.run(
            ("go", *_BUILD, "-o", program, "."),
            cwd=_ROOT / "tools" / "roundtrip",
            env=os.environ | _ENVIRONMENT,
            check=True,
        )
        text = "".join(f"{line}\n" for line in lines)
        made = subprocess.run(
            program, input=text, capture_output=True, text=True, check=True
        )
    return made.stdout


def read() -> str:
    """Return what ``make`` returned when it was kept."""
    return lzma.decompress(FILE.read_bytes()).decode()


def main() -> None:
    text = make()
    FILE.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{text.count(chr(10))} objects, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
