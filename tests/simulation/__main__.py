"""python -m tests.simulation SEED [WORD] shows a run; with WORD only the lines that have it."""

import sys

from tests.simulation.run import simulate

outcome = simulate(int(sys.argv[1]))
print(outcome.trace.text(sys.argv[2] if len(sys.argv) > 2 else ""))
print(outcome.deliveries, outcome.requests, outcome.duplicates, outcome.virtual_s, outcome.steps)
for violation in outcome.violations[:10]:
    print(violation)
