"""Dates by declared format, units by a fixed table."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from schemas.mapping.dates import DateFormatError, check_date_format, parse_moments
from schemas.units import conversion_factor


def moment(text: str, *formats: str) -> datetime | None:
    return parse_moments(pl.Series([text], dtype=pl.String), formats)[0]


@pytest.mark.parametrize(
    ("fmt", "text", "expected"),
    [
        ("%Y-%m-%d", "2024-02-29", datetime(2024, 2, 29)),  # noqa: DTZ001
        ("%Y-%m-%d", "2023-02-29", None),
        ("%Y-%m-%d", "24-02-29", None),
        ("%Y-%m-%d", "2024-02-29 10:00", None),
        ("%m/%d/%Y %H:%M", "3/5/2024 9:07", datetime(2024, 3, 5, 9, 7)),  # noqa: DTZ001
        ("%d.%m.%y", "05.03.24", datetime(2024, 3, 5)),  # noqa: DTZ001
        ("%d.%m.%y", "05.03.97", datetime(1997, 3, 5)),  # noqa: DTZ001
        ("%d.%m.%y", "05.03.1997", None),
        ("%Y%m%d", "20240305", datetime(2024, 3, 5)),  # noqa: DTZ001
        ("%Y%m%d", "2024305", None),
        ("%d%b%Y", "05MAR2024", datetime(2024, 3, 5)),  # noqa: DTZ001
        ("%d%b%Y", "05MAI2024", None),
        ("excel1900", "45356", datetime(2024, 3, 5)),  # noqa: DTZ001
        ("excel1900", "45356.5", datetime(2024, 3, 5, 12)),  # noqa: DTZ001
        ("excel1904", "43894", datetime(2024, 3, 5)),  # noqa: DTZ001
        ("excel1900", "4535", None),
    ],
)
def test_a_text_is_a_date_of_its_format_or_none(fmt: str, text: str, expected: object) -> None:
    assert moment(text, fmt) == expected


def test_the_first_format_that_fits_counts() -> None:
    assert moment("01/02/2024", "%d/%m/%Y", "%m/%d/%Y") == datetime(2024, 2, 1)  # noqa: DTZ001


@pytest.mark.parametrize(
    "fmt",
    [
        "%y-%m",
        "%m",
        "%H",
        "%Y %b %m",
        "%Y-%y-%m-%d",
        "%Y-%m %H",
        "%d/%m",
        "%Y-%m-%d %p",
        "%Y-%Y-%m-%d",
        "excel1905",
        "",
    ],
)
def test_a_format_that_cannot_tell_a_day_is_refused(fmt: str) -> None:
    with pytest.raises(DateFormatError):
        check_date_format(fmt)


@pytest.mark.parametrize(
    ("unit", "column", "schema_unit", "factor"),
    [
        ("mg/dL", "creatinine_umol_l", "umol/L", 88.42),
        ("mg / dl", "creatinine_peak_umol_l", "umol/L", 88.42),
        ("µmol/L", "creatinine_umol_l", "umol/L", 1.0),
        ("g/dL", "hemoglobin_g_l", "g/L", 10.0),
        ("mmol/L", "hemoglobin_nadir_g_l", "g/L", 16.11),
        ("mg/dL", "calcium_mmol_l", "mmol/L", 0.2495),
        ("mg/dL", "phosphate_mmol_l", "mmol/L", 0.3229),
        ("mg/dL", "hs_crp_mg_l", "mg/L", 10.0),
        ("mg/dL", "ldl_mmol_l", "mmol/L", 0.02586),
        ("cm", "lesion_length_mm", "mm", 10.0),
        ("μm", "calcium_thickness_mm", "mm", 0.001),
        ("rpm", "rotation_speed_krpm", "1000 rpm", 0.001),
        ("bar", "max_pressure_atm", "atm", 0.986923),
        ("kPa", "max_pressure_atm", "atm", 0.00986923),
        ("mg/dL", "lesion_length_mm", "mm", None),
        ("g/dL", "creatinine_umol_l", "umol/L", None),
    ],
)
def test_factors_depend_on_the_substance_or_the_unit(
    unit: str, column: str, schema_unit: str, factor: float | None
) -> None:
    assert conversion_factor(unit, column=column, schema_unit=schema_unit) == factor
