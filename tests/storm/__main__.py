"""Storm: random reads of connectors of 256 MB while one of many kinds of fault strikes.

    python3 -m tests.storm [--runs N] [--seed S] [--only WORD] [--run N] [--jobs J]

Every read has to end with all of its rows, or with a named error before its deadline, which quotes
no row. Run N of a seed is always the same query and the same fault. Before the runs, faults are
planted that have to be noticed. The last line is `storm: N runs ...`; the exit status is 1 if a
promise was broken, a planted fault was not noticed, a kind of fault never struck, or nothing ran.
"""

import argparse
import concurrent.futures
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.servers import ROOT
from tests.storm import moving, planted, planted_processes
from tests.storm.judge import FAULTS
from tests.storm.kinds import KINDS
from tests.storm.memory import MEMORY_MB
from tests.storm.run_one import Folders, Outcome, run

ENOUGH_TO_STRIKE = 8
"""Runs of a kind of which one has to strike."""
REPETITIONS = 5
"""How often a run that was late has to be in time."""


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.storm", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2 * len(KINDS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only kinds with this word in their name")
    parser.add_argument("--run", type=int, help="only this run, with its errors and its log")
    parser.add_argument("--jobs", type=int, default=8, help="runs at a time")
    parser.add_argument("--programs", type=Path, default=ROOT / "target/debug")
    parser.add_argument("--verbose", action="store_true", help="print the errors of reads")
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    with tempfile.TemporaryDirectory() as logs:
        folders = Folders(arguments.programs.resolve(), Path(logs))
        missed = 0 if arguments.run is not None else plant(folders) + move(folders)
        broken = storm(arguments, folders)
        if arguments.run is not None:
            print((folders.logs / f"{arguments.run}.log").read_text(), end="")
    return 1 if missed or broken else 0


def plant(folders: Folders) -> int:
    """Plants faults, prints those that were not noticed, and returns their number."""
    planted_faults, problems = 0, []
    for module in (planted, planted_processes):
        count, unnoticed = module.unnoticed(folders)
        planted_faults += count
        problems += unnoticed
    for problem in problems:
        print(f"FAIL planted: {problem}", flush=True)
    noticed = planted_faults - len(problems)
    print(f"planted: {noticed} of {planted_faults} noticed", flush=True)
    return len(problems)


def move(folders: Folders) -> int:
    """Changes a source between pages, prints what is listed wrongly, and returns how much."""
    count, problems = moving.problems(folders)
    for problem in problems:
        print(f"FAIL moving: {problem}", flush=True)
    print(f"moving: {count - len(problems)} of {count} listed right", flush=True)
    return len(problems)


def numbers(arguments: argparse.Namespace) -> list[int]:
    """Returns the runs; the kinds take turns."""
    if arguments.run is not None:
        return [arguments.run]
    turn = [index for index, kind in enumerate(KINDS) if arguments.only in kind.name]
    if not turn:
        return []
    rounds = range(-(-arguments.runs // len(turn)))
    chosen = [index + len(KINDS) * count for count in rounds for index in turn]
    return chosen[: arguments.runs]


def storm(arguments: argparse.Namespace, folders: Folders) -> int:
    """Makes the runs, prints what is wrong with them, and returns how much that is."""
    started = time.monotonic()
    outcomes: list[Outcome] = []
    # Processes are spawned, because Arrow's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs, context) as pool:
        tasks = [pool.submit(run, arguments.seed, n, folders) for n in numbers(arguments)]
        for task in concurrent.futures.as_completed(tasks):
            outcomes.append(task.result())
            if arguments.verbose or arguments.run is not None:
                show(outcomes[-1])
    for outcome in outcomes:
        repeat_if_late(outcome, arguments.seed, folders)
        for finding in outcome.findings:
            print(f"FAIL {outcome}: {finding}", flush=True)
    idle = never_struck(outcomes)
    for kind in idle:
        print(f"FAIL {kind}: the fault never struck")
    print(summary(outcomes, arguments.seed, time.monotonic() - started), flush=True)
    return sum(bool(outcome.findings) for outcome in outcomes) + len(idle) + (not outcomes)


def repeat_if_late(outcome: Outcome, seed: int, folders: Folders) -> None:
    """Repeats a run that was only late, with nothing beside it; keeps the findings if one is late.

    A busy machine can take the processor from a function for longer than its margin. A function
    that does not watch its deadline is late each time.
    """
    if {finding.fault for finding in outcome.findings} != {"late"}:
        return
    first = outcome.findings[0]
    for _ in range(REPETITIONS):
        if run(seed, outcome.number, folders).findings:
            return
    print(f"{outcome}: {first}; in time {REPETITIONS} times alone", flush=True)
    outcome.findings = []


def show(outcome: Outcome) -> None:
    struck = {True: ", struck", False: ", did not strike", None: ""}[outcome.struck]
    print(f"{outcome}: {'complete' if outcome.complete else 'failed'}{struck}")
    for error in outcome.errors:
        print(f"    {error}", flush=True)


def never_struck(outcomes: list[Outcome]) -> list[str]:
    """Returns the kinds that replaced no answer of the store in any of many runs."""
    runs: Counter[str] = Counter()
    strikes: Counter[str] = Counter()
    for outcome in outcomes:
        if outcome.struck is not None:
            runs[outcome.kind] += 1
            strikes[outcome.kind] += outcome.struck
    return [kind for kind in runs if runs[kind] >= ENOUGH_TO_STRIKE and not strikes[kind]]


def summary(outcomes: list[Outcome], seed: int, seconds: float) -> str:
    kinds = {outcome.kind for outcome in outcomes}
    complete = sum(outcome.complete for outcome in outcomes)
    broken = sum(bool(outcome.findings) for outcome in outcomes)
    found = Counter(
        fault for outcome in outcomes for fault in {finding.fault for finding in outcome.findings}
    )
    counts = ", ".join(f"{found[fault]} {fault}" for fault in FAULTS)
    return (
        f"storm: {len(outcomes)} runs of {len(kinds)} kinds, seed {seed}, {MEMORY_MB} MB: "
        f"{complete} complete, {len(outcomes) - complete} with an error; {counts}; "
        f"{broken} failed; {seconds:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
