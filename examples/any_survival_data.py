"""Run a pre-specified analysis on a survival data set that lifelines ships; takes no arguments."""

import sys
from importlib.util import find_spec
from pathlib import Path

from analytics.analyses import render_answer, run_file

package = find_spec("lifelines")
if package is None or package.origin is None:
    sys.exit("lifelines is not installed. Install calcpci with its dependencies.")
data = Path(package.origin).parent / "datasets" / "rossi.csv"
answer = run_file(Path(__file__).parent / "analyses" / "rossi_cox.toml", data=data)
print(render_answer(answer))
