"""`make soak`, `python -m tests.soak [program [word ...]]`: the long runs one after the other, or one of them.

make soak                              all of them, some five hours
make soak SOAK='connections drip'      hostile connections of all kinds, or of the named ones
make soak SOAK='crawl 10'              changed requests to every route, for so many minutes; also
                                       'crawl postgresql 10', and 'described postgresql 2000'
make soak SOAK='described 2000'        so many requests of each operation of the RIS' door
make soak SOAK='fuzz names 1'          bytes for all parsers, or for the named ones; minutes for each
make soak SOAK='alike 2000'            so many pairs of a live and a dead code, by the clock
make soak SOAK='hostile_study 20 900'  a study that takes all it can get, beside ordinary ones: minutes, and its
                                       budget in seconds of decoding children
make soak SOAK='pictures 20'           32 phones that scroll, window and cut while studies arrive, for so many minutes
make soak SOAK='properties 60'         the property tests, each round with a fresh seed, for so many minutes
make soak SOAK='write_lock'            how long the largest input of each door holds the write lock

A program prints its figures and ends with 0, or with 1 when it found a fault.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from tests.soak import alike, connections, crawl, described, fuzz, hostile_study, pictures, properties, write_lock

PROGRAMS: dict[str, Callable[[Sequence[str]], int]] = {
    "connections": connections.main,
    "crawl": crawl.main,
    "described": described.main,
    "fuzz": fuzz.main,
    "alike": alike.main,
    "hostile_study": hostile_study.main,
    "pictures": pictures.main,
    "properties": properties.main,
    "write_lock": write_lock.main,
}


def main(words: Sequence[str]) -> int:
    """The exit status: the worst of the programs; 2 for a program that does not exist."""
    if not words:
        return max(run([]) for run in PROGRAMS.values())
    program, *more = words
    if program not in PROGRAMS:
        print(f"no program {program}; there are {', '.join(PROGRAMS)}", file=sys.stderr)
        return 2
    return PROGRAMS[program](more)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
