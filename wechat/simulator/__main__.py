"""`python -m wechat.simulator`: serve a simulated WeChat until it is stopped. Manual: docs/simulated-wechat.md."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

from wechat.simulator.config import Config
from wechat.simulator.server import serving
from wechat.simulator.world import World


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m wechat.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--config", type=Path, help="JSON document; without it a usual account")
    parser.add_argument("--state", type=Path, help="file that keeps the state over restarts; without it memory only")
    parser.add_argument("--clock-file", type=Path, help="file that gets the offset of the moved clock, in seconds")
    parser.add_argument(
        "--domain", action="append", default=[], help="host[:port] that web authorisation leads back to"
    )
    parser.add_argument("--until-input-ends", action="store_true", help="end with the program that started this one")
    options = parser.parse_args()
    try:
        config = Config.from_file(options.config) if options.config else Config()
    except (OSError, ValueError, TypeError) as error:
        sys.exit(f"--config is not usable: {type(error).__name__}")
    config = replace(config, domains=(*config.domains, *options.domain))
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    try:
        with serving(World(config, options.state, clock_file=options.clock_file), options.port) as base:
            sys.stdout.write(json.dumps({"base_url": base, "appid": config.appid}) + "\n")
            sys.stdout.flush()
            if options.until_input_ends:
                threading.Thread(target=_until_input_ends, args=(stop,), daemon=True).start()
            stop.wait()
    except OSError as error:
        sys.exit(f"cannot listen on 127.0.0.1:{options.port}: {error.strerror}")


def _until_input_ends(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    main()
