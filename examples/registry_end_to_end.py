"""A registry from CSV files to hazard ratios: ``python examples/registry_end_to_end.py FOLDER``."""

import sys
from pathlib import Path

from analytics import pipeline
from analytics.analyses import render_answer, run_on_store
from analytics.estimation.specification import read_specification
from analytics.generation import generate_files

out = Path(sys.argv[1])
generate_files(out / "registry", scenario="default", procedures=5000, seed=1)
db = out / "registry.duckdb"
prepared = pipeline.prepare_for_store((out / "registry",), db=db)
print(pipeline.render_submission(prepared))
print(pipeline.render_load(pipeline.load(prepared, db=db)))
for name in ("mace_by_severity", "tvr_by_device", "cox_severity_device"):
    spec = read_specification(Path(__file__).parent / "analyses" / f"{name}.toml")
    print("\n" + render_answer(run_on_store(spec, db)))
