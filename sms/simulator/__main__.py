"""`python -m sms.simulator`: serve the simulated carrier of a file until the program that started it ends.

Manual: docs/simulated-wechat.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sms.simulator.carrier import SimulatedCarrier
from sms.simulator.server import StrictCarrier, serving


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sms.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8200)
    parser.add_argument("--file", type=Path, required=True, help="the carrier's memory")
    parser.add_argument("--signature", required=True, help="the one that it approved")
    parser.add_argument("--key", default="", help="secret id and secret key as id:key; without one no call is taken")
    parser.add_argument("--clock-file", type=Path, help="file with the offset of the moved clock, in seconds")
    options = parser.parse_args()

    def now() -> datetime:
        try:
            moved = float(options.clock_file.read_text(encoding="ascii")) if options.clock_file else 0.0
        except (OSError, ValueError):
            moved = 0.0
        return datetime.now(UTC) + timedelta(seconds=moved)

    account = SimulatedCarrier.approving(options.file, now, options.signature).account
    secret_id, _, secret_key = options.key.partition(":")
    carrier = StrictCarrier(options.file, account, {secret_id: secret_key} if secret_key else {}, now)
    try:
        with serving(carrier, options.port) as address:
            sys.stdout.write(json.dumps({"base_url": f"http://{address}"}) + "\n")
            sys.stdout.flush()
            sys.stdin.read()
    except OSError as error:
        sys.exit(f"cannot listen on 127.0.0.1:{options.port}: {error.strerror}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
