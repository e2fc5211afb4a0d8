"""Required agents: ours against pyworkforce on one grid, and 100,000 intervals at once.

python tests/benchmarks/staffing.py [--peer]

With `--peer`, an environment next to this file (.bench-venv-staffing) gets pyworkforce, which
brings OR-tools; without it only our own times are printed. The grid covers loads from 0.1 to 300
erlangs, handle times, targets and patiences. Both compute each case. Where they differ, the third
column gives the answer of a birth-death chain, summed state by state.
"""

import argparse
import json
import math
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
from scipy.special import betainc

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tasks.planning.queueing import Target, performance, required

HERE = Path(__file__).resolve().parent
VENV = HERE / ".bench-venv-staffing"
LOADS = (0.1, 0.5, 2.0, 7.5, 20.0, 60.0, 150.0, 300.0)
HANDLES, SHARES, SECONDS, PATIENCES = (
    (60.0, 240.0),
    (0.5, 0.8, 0.95),
    (5.0, 20.0, 120.0),
    (60.0, 300.0),
)
_PEER = """
import json, sys, time
from pyworkforce.queuing import ErlangC
try:
    from pyworkforce.queuing import ErlangA
except ImportError:
    ErlangA = None
rows, spent = [], 0.0
for load, handle, share, seconds, patience in json.load(sys.stdin):
    queue = dict(
        transactions=load / handle * 1800,
        aht=handle / 60,
        interval=30,
        asa=seconds / 60,
        shrinkage=0.0,
    )
    target = dict(service_level=share, max_occupancy=1.0)
    began = time.process_time()
    try:
        if patience is None:
            rows.append(ErlangC(**queue).required_positions(**target)["raw_positions"])
        elif ErlangA is None:
            rows.append(None)
        else:
            erlang_a = ErlangA(**queue, patience=patience / 60)
            rows.append(erlang_a.required_positions(**target)["raw_positions"])
    except Exception as trouble:
        rows.append(f"{type(trouble).__name__}: {trouble}")
    spent += time.process_time() - began
json.dump({"rows": rows, "seconds": spent, "erlang_a": ErlangA is not None}, sys.stdout)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--peer", action="store_true", help="install pyworkforce next to this file and compare"
    )
    given = parser.parse_args()
    many()
    if given.peer:
        compare(list(product(LOADS, HANDLES, SHARES, SECONDS, (None, *PATIENCES))))


def many() -> None:
    """The aim: 100,000 intervals in under 2 seconds."""
    loads = np.random.default_rng(0).lognormal(2, 1.5, 100_000)
    for name, patience in (("Erlang C", np.inf), ("Erlang A", 180.0)):
        began = time.process_time()
        result = required(loads, 240, Target(), patience)
        print(
            f"{name}: 100,000 intervals, {loads.min():.2f} to {loads.max():,.0f} erlangs,"
            f" {time.process_time() - began:.2f} CPU s; {result.agents.sum():,} agents"
        )


def compare(cases: list[tuple[float, float, float, float, float | None]]) -> None:
    if not VENV.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        subprocess.run(
            [
                VENV / "bin" / "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "pyworkforce",
            ],
            check=True,
        )
    answer = json.loads(
        subprocess.run(
            [VENV / "bin" / "python", "-c", _PEER],
            input=json.dumps(cases),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    began = time.process_time()
    ours = [
        int(required(load, handle, Target(share, seconds, 1.0), patience or np.inf).agents[0])
        for load, handle, share, seconds, patience in cases
    ]
    print(
        f"\n{len(cases)} cases one by one: ours {time.process_time() - began:.2f} CPU s,"
        f" pyworkforce {answer['seconds']:.2f} CPU s"
        + ("" if answer["erlang_a"] else " (its version for this Python has no Erlang A)")
    )
    answered = [
        (case, mine, theirs)
        for case, mine, theirs in zip(cases, ours, answer["rows"], strict=True)
        if theirs is not None
    ]
    differ = [(case, mine, theirs) for case, mine, theirs in answered if mine != theirs]
    print(f"{len(answered) - len(differ)} of {len(answered)} equal")
    print(
        f"{'load':>7}{'handle':>8}{'share':>7}{'in s':>6}{'patience':>9}{'ours':>6}{'theirs':>8} "
        " level with ours, with one fewer, by the chain"
    )
    for (load, handle, share, seconds, patience), mine, theirs in differ[:40]:
        levels = "{:.4f} {:.4f}".format(
            *(chain_level(n, load, handle, seconds, patience) for n in (mine, mine - 1))
        )
        print(
            f"{load:7.1f}{handle:8.0f}{share:7.2f}{seconds:6.0f}{patience or math.inf:9.0f}"
            f"{mine:6}{str(theirs)[:8]:>9}  {levels}"
        )


def chain_level(
    agents: int, load: float, handle: float, seconds: float, patience: float | None
) -> float:
    """Share answered in time, summed over the chain's states.

    Each state counts with the chance that enough callers leave in time.
    """
    if patience is None:
        return float(performance(agents, load, handle, seconds).service_level)
    rate, leave = load / handle, 1 / patience
    weights, log = [0.0], 0.0
    for n in range(1, int(agents + 60 * math.sqrt(load) + 60 * rate * patience + 200)):
        log += math.log(rate / (min(n, agents) / handle + max(n - agents, 0) * leave))
        weights.append(log)
    p = np.exp(np.array(weights) - max(weights))
    p /= p.sum()
    if agents <= 0:
        return 0.0
    r, y = agents / handle / leave, 1 - math.exp(-leave * seconds)
    queue = np.arange(len(p) - agents)
    return float(
        p[:agents].sum() + (p[agents:] * r / (r + queue + 1) * betainc(queue + 1, r + 1, y)).sum()
    )


if __name__ == "__main__":
    main()
