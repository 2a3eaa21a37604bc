"""Reads a trace of durable steps: the order in which a batch was written, synced, renamed and answered."""

from __future__ import annotations

from itertools import groupby

BATCH = ("write", "fsync-file")


def in_order(steps: list[str]) -> list[str]:
    """The steps, repeated ones once.

    Files of a batch are synced while later ones are being written, so a run of these two steps reads as one `write` and
    one `fsync-file`, once it is seen that no sync came before its write and that no write went without.
    """
    order: list[str] = []
    for is_batch, group in groupby(steps, key=lambda step: step in BATCH):
        run = list(group)
        if is_batch:
            unsynced = 0
            for step in run:
                unsynced += 1 if step == "write" else -1
                assert unsynced >= 0, steps
            assert unsynced == 0, steps
            order += BATCH
        else:
            order += [step for step, _ in groupby(run)]
    return order
