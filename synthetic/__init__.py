"""Synthetic registries with a known truth; see ``docs/synthetic.md``. No row describes a real person."""

from synthetic.corruption import plant_faults, write_faults
from synthetic.registry import Registry, generate_registry
from synthetic.scenario import Scenario, load_scenario, read_scenario, scenario_names
from synthetic.writer import tables_as_text, write_registry, write_text_tables

__all__ = [
    "Registry",
    "Scenario",
    "generate_registry",
    "load_scenario",
    "plant_faults",
    "read_scenario",
    "scenario_names",
    "tables_as_text",
    "write_faults",
    "write_registry",
    "write_text_tables",
]
