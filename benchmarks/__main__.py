"""`python -m benchmarks [turn] [throughput] [memory] [handoff] [widgets] [phone]`: all, unless some are named.

`make bench` runs all of them.

`python -m benchmarks kill` kills the app 200 times and looks for what was lost; it takes half an hour. `whatsapp` kills
it while 10,000 messages come, and measures the webhook; it takes a quarter of an hour.

`python -m benchmarks public --xquad DIR --banking77 DIR` needs no server, and data that isn't ours to pass on.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

NAMES = ("turn", "memory", "throughput", "handoff", "widgets", "phone")
LONG = ("kill", "whatsapp", "public")
"""Those that run only if they are named."""


def main() -> None:
    """Run what is named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed, memory, or public data.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join(NAMES)}: those by default; {', '.join(LONG)}"
    )
    parser.add_argument("--xquad", type=Path, metavar="DIR", help="public: folder of xquad.en.json and xquad.es.json")
    parser.add_argument("--banking77", type=Path, metavar="DIR", help="public: folder of train.csv and test.csv")
    arguments = parser.parse_args()
    names = arguments.names or list(NAMES)
    if unknown := [name for name in names if name not in {*NAMES, *LONG}]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join((*NAMES, *LONG))}")
    if "public" in names:
        from benchmarks import public

        public.main(arguments)
    if {"kill", "whatsapp"} & set(names):
        from benchmarks import kill, whatsapp

        killers = {"kill": kill.measure, "whatsapp": whatsapp.measure}
        wrong = [sum(asyncio.run(killers[name]()).values()) for name in killers if name in names]
        if any(wrong):
            raise SystemExit(1)
    if set(names) & set(NAMES):
        _speed(names)


def _speed(names: list[str]) -> None:
    from benchmarks import handoff, phone, server, throughput, turn, widgets

    with server.running() as running:
        if "turn" in names:
            turn.run(running)
        if "memory" in names:
            server.print_memory(running)
        if "handoff" in names:
            handoff.run(running)
        if "widgets" in names:
            widgets.run(running)
        if "phone" in names:
            phone.run(running)
        if "throughput" in names:
            ours = asyncio.run(throughput.ours(running))
    if "throughput" in names:
        throughput.print_table(ours, asyncio.run(throughput.stock()))


if __name__ == "__main__":
    main()
