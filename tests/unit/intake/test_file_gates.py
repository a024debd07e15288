"""Each file has a gate of its own, by its own rows and findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.intake.submission import PreparedSubmission


def test_a_file_is_judged_by_its_own_rows(prepare: Callable[..., PreparedSubmission]) -> None:
    prepared = prepare(patients="patient_id,site_id,sex\nS1.p1,S1,male\nS1.p2,S1,female\nS1.p2,S1,female\n")
    gates = prepared.file_gates
    assert {name: gate.colour for name, gate in gates.items()} == {
        "lesions.csv": "yellow",
        "patients.csv": "red",
        "procedures.csv": "yellow",
        "sites.csv": "green",
    }
    assert gates["patients.csv"].reasons == ("patients: 1 row breaks a key or reference rule",)


def test_a_file_with_a_header_alone_is_green_and_a_refused_one_red(
    prepare: Callable[..., PreparedSubmission],
) -> None:
    prepared = prepare(events="event_id,patient_id,event_type,event_date\n", lesions="a,a\n1,2\n")
    assert prepared.file_gates["events.csv"].colour == "green"
    assert prepared.file_gates["lesions.csv"].reasons == ("the file as a whole is refused (rules F03)",)
