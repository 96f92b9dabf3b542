"""One case at one venue in a process of its own: ``python -m ops.bench.live.case CASE VENUE SIZE STATE PORT CA_FILE``.

Prints a line of JSON.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ops.bench.live.cases import Figures, cancels, memory, orders, rate
from ops.bench.live.exchange import Place, cores, pin
from ops.bench.live.folding import fold

CASES: Mapping[str, Callable[[Place, Path, str, int], Figures]] = {
    "orders": orders,
    "rate": rate,
    "cancels": cancels,
    "memory": memory,
    "fold": fold,
}


def main() -> None:
    """Run what the command line says."""
    case, venue, size, state, port, ca_file = sys.argv[1:]
    pin(cores()[1])
    with tempfile.TemporaryDirectory() as folder:
        figures = CASES[case](Place(int(port), Path(ca_file), Path(state)), Path(folder), venue, int(size))
    print(json.dumps(figures))  # noqa: T201 - for the parent


if __name__ == "__main__":
    main()
