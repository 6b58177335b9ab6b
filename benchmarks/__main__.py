"""`python -m benchmarks [turn] [throughput] [memory]`: all of them, unless some are named."""

from __future__ import annotations

import asyncio
import sys

from benchmarks import server, throughput, turn


def main() -> None:
    """Run what is named on the command line."""
    names = sys.argv[1:] or ["turn", "memory", "throughput"]
    with server.running() as running:
        if "turn" in names:
            turn.run(running)
        if "memory" in names:
            server.print_memory(running)
        if "throughput" in names:
            ours = asyncio.run(throughput.ours(running))
    if "throughput" in names:
        throughput.print_table(ours, asyncio.run(throughput.stock()))


if __name__ == "__main__":
    main()
