"""`make bench`: every benchmark in turn; figures and how to read them are in docs/performance.md."""

from __future__ import annotations

from bench import imaging


def main() -> None:
    imaging.main()


if __name__ == "__main__":
    main()
