"""The command as its users call it: output, exit codes, one-line errors."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from analytics.cli import main

RUNNER = CliRunner()


def _call(*arguments: object) -> tuple[int, str, str]:
    done = RUNNER.invoke(main, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registry")
    code, *_ = _call("generate", "--procedures", 400, "--seed", 5, "--out", folder / "csv")
    assert code == 0
    return folder


@pytest.fixture(scope="module")
def db(registry: Path) -> Path:
    code, out, _ = _call("load", registry / "csv", "--db", registry / "registry.duckdb")
    assert code == 0, out
    return registry / "registry.duckdb"


def test_help_answers_without_heavy_imports() -> None:
    script = (
        "import sys; from click.testing import CliRunner; from analytics.cli import main;"
        "CliRunner().invoke(main, ['--help']);"
        "print(sorted({'polars', 'duckdb', 'pandera', 'lifelines', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_generate_says_how_many_rows(tmp_path: Path) -> None:
    code, out, _ = _call("generate", "--procedures", 20, "--seed", 1, "--out", tmp_path / "r", "--json")
    assert code == 0
    written = json.loads(out)
    assert written["rows"]["procedures"] == 20
    lines = (tmp_path / "r" / "procedures.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 21
    assert json.loads((tmp_path / "r" / "truth.json").read_text(encoding="utf-8"))["seed"] == 1


def test_faults_are_listed_and_the_gate_is_red(tmp_path: Path) -> None:
    _call("generate", "--procedures", 150, "--seed", 2, "--out", tmp_path / "r", "--faults")
    code, out, _ = _call("validate", tmp_path / "r", "--out", tmp_path / "findings", "--json")
    assert code == 3
    found = json.loads(out)
    assert found["gate"]["colour"] == "red"
    assert found["n_accepted"] + found["n_rejected"] == found["n_input"]
    faults = pl.read_csv(tmp_path / "r" / "faults.csv").filter(cause="planted")
    faults = faults.filter(~pl.col("file").str.starts_with("files/"))
    planted = set(faults.select("rule_id", "table").iter_rows())
    assert len(planted) > 10
    assert planted <= {(row["rule_id"], row["table"]) for row in found["findings"]}
    assert (tmp_path / "findings" / "findings.csv").is_file()


def test_red_files_are_not_loaded_and_say_so_in_one_line(tmp_path: Path) -> None:
    _call("generate", "--procedures", 150, "--seed", 2, "--out", tmp_path / "r", "--faults")
    code, _, err = _call("load", tmp_path / "r", "--db", tmp_path / "x.duckdb")
    assert code == 3
    assert err.startswith("error: ")
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "x.duckdb").exists()


def test_the_same_file_again_changes_nothing(registry: Path, db: Path) -> None:
    before = db.read_bytes()
    code, out, _ = _call("load", registry / "csv", "--db", db)
    assert code == 0
    assert "nothing changed" in out
    assert db.read_bytes() == before


def _write_quarter(source: Path, out: Path, *, late: bool) -> None:
    """Write half of the procedures with what belongs to them; sites and patients come with both."""
    out.mkdir()
    tables = {path.stem: pl.read_csv(path, infer_schema=False) for path in source.glob("*.csv")}
    days = tables["procedures"]["procedure_date"]
    half = days.sort()[days.len() // 2]
    procedures = tables["procedures"].filter((days >= half) == late)
    own = procedures["procedure_id"].implode()
    tables["procedures"] = procedures
    for name in ("lesions", "complications"):
        tables[name] = tables[name].filter(pl.col("procedure_id").is_in(own))
    lesions = tables["lesions"]["lesion_id"].implode()
    for name in ("imaging", "device_uses"):
        tables[name] = tables[name].filter(pl.col("lesion_id").is_in(lesions))
    for name in ("follow_up", "events"):
        tables[name] = tables[name].filter(pl.lit(late))
    for name, table in tables.items():
        table.write_csv(out / f"{name}.csv")


def test_the_next_quarter_names_sites_again_and_is_added(registry: Path, tmp_path: Path) -> None:
    for late in (False, True):
        _write_quarter(registry / "csv", tmp_path / str(late), late=late)
        code, out, _ = _call("load", tmp_path / str(late), "--db", tmp_path / "two.duckdb")
        assert code == 0, out
    found = json.loads(_call("status", "--db", tmp_path / "two.duckdb", "--json")[1])
    assert len(found["submissions"]) == 2
    assert found["rows"]["procedures"] == 400
    spec = Path(__file__).parents[3] / "examples" / "analyses" / "mace_by_severity.toml"
    whole = json.loads(_call("estimate", spec, "--db", registry / "registry.duckdb", "--json")[1])
    parts = json.loads(_call("estimate", spec, "--db", tmp_path / "two.duckdb", "--json")[1])
    assert parts["risks"] == whole["risks"]


def test_status_counts_what_was_loaded(db: Path) -> None:
    code, out, _ = _call("status", "--db", db, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["rows"]["procedures"] == 400
    assert [entry["status"] for entry in found["submissions"]] == ["loaded"]
    linked = [site for site in found["follow_up"] if site["followup_source"] == "linkage"]
    assert linked
    assert all(site["vital_status"] == 1.0 for site in linked)
    assert "Submissions" in _call("status", "--db", db)[1]


def test_estimate_prints_the_same_numbers_as_json(db: Path, tmp_path: Path) -> None:
    spec = tmp_path / "s.toml"
    spec.write_text(
        '[analysis]\nname = "death"\nestimator = "kaplan_meier"\nhorizons_days = [365]\n'
        '[outcome]\nendpoint = "all_cause_death"\n',
        encoding="utf-8",
    )
    code, out, _ = _call("estimate", spec, "--db", db, "--json", "--out", tmp_path / "out")
    assert code == 0
    (risk,) = json.loads(out)["risks"]
    assert 0 < risk["lower"] < risk["risk"] < risk["upper"] < 1
    assert json.loads((tmp_path / "out" / "death.json").read_text(encoding="utf-8"))["risks"] == [risk]
    assert f"{risk['risk']:.1%}".replace("%", " %") in _call("estimate", spec, "--db", db)[1]


def test_report_writes_four_files(db: Path, tmp_path: Path) -> None:
    code, out, _ = _call("report", "--db", db, "--out", tmp_path / "report")
    assert code == 0
    names = [Path(line).name for line in out.split()]
    assert names == ["report.html", "report.md", "report.json", "manifest.json"]
    html = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "no advice on one patient" in html
    assert "http://" not in html.replace("http://www.w3.org", "")
    manifest = json.loads((tmp_path / "report" / "manifest.json").read_text(encoding="utf-8"))
    assert len(manifest["plan_sha256"]) == 64
    assert len(manifest["data_fingerprint"]) == 64


def test_dictionary_is_written(tmp_path: Path) -> None:
    code, out, _ = _call("dictionary", "--out", tmp_path / "d")
    assert code == 0
    assert any(line.endswith("procedures.csv") for line in out.splitlines())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["validate", "absent.csv"], 11, "absent.csv: no such file"),
        (
            ["validate", "README.md", "--mapping", "absent.toml"],
            12,
            "absent.toml: the mapping cannot be read",
        ),
        (["status", "--db", "absent.duckdb"], 13, "absent.duckdb"),
        (["dashboard", "--db", "absent.duckdb"], 13, "absent.duckdb"),
        (["report", "--db", "absent.duckdb", "--out", "r"], 13, "absent"),
        (["estimate", "absent.toml", "--db", "x.duckdb"], 11, "absent.toml: no such file"),
        (["generate", "--scenario", "absent", "--out", "r"], 12, "absent"),
        (["estimate", "x.toml"], 2, "Give either --db FILE or --data CSV"),
        (["load", "x.csv"], 2, "Missing option '--db'"),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_errors_are_one_line_with_their_exit_code(
    arguments: list[str], code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("a,b\n1,2\n", encoding="utf-8")
    exit_code, out, err = _call(*arguments)
    assert exit_code == code, err
    assert words in err
    assert out == ""
    assert "Traceback" not in err
    if code != 2:
        assert len(err.strip().splitlines()) == 1


def test_a_pseudonym_needs_its_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALCPCI_PSEUDONYM_SECRET", raising=False)
    path = tmp_path / "wide.csv"
    path.write_text("NCDRPatientID\n1\n", encoding="utf-8")
    code, _, err = _call("validate", path, "--mapping", "cathpci_wide")
    assert code == 15
    assert "CALCPCI_PSEUDONYM_SECRET" in err
