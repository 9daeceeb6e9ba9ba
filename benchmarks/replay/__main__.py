"""Serve until ended: ``python -m benchmarks.replay --count 100000``."""

import argparse
import asyncio
import gc
import json
import sys
from importlib.util import find_spec
from pathlib import Path

from benchmarks.replay import Api, History, Template, serve


def main() -> None:
    """Print the address, as one line, then serve."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.replay", description=__doc__
    )
    parser.add_argument("--count", type=int, default=20_000, help="objects")
    parser.add_argument("--namespaces", type=int, default=50)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--kubeconfig", type=Path, help="write one here")
    parser.add_argument(
        "--storm", type=int, default=0, help="updates for each watch past its state"
    )
    parser.add_argument(
        "--no-watch-list", action="store_true", help="refuse sendInitialEvents"
    )
    options = parser.parse_args()
    gc.disable()  # nothing here makes cycles
    if find_spec("uvloop"):
        import uvloop  # noqa: PLC0415

        uvloop.run(_serve(options))
    else:
        asyncio.run(_serve(options))


async def _serve(options: argparse.Namespace) -> None:
    history = History(options.count, Template(options.namespaces))
    history.on_live = options.storm
    api = Api(history, watch_list=not options.no_watch_list)
    server = await serve(api, history, options.port)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    if options.kubeconfig:
        options.kubeconfig.write_text(json.dumps(_kubeconfig(address), indent=2))
    print(address)
    sys.stdout.flush()
    await server.serve_forever()


def _kubeconfig(address: str) -> dict[str, object]:
    """Return a kubeconfig; JSON is YAML."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "replay", "cluster": {"server": address}}],
        "users": [{"name": "replay", "user": {"token": "none"}}],
        "contexts": [
            {
                "name": "replay",
                "context": {
                    "cluster": "replay",
                    "user": "replay",
                    "namespace": "default",
                },
            }
        ],
        "current-context": "replay",
    }


if __name__ == "__main__":
    main()
