"""Every row of carbon-vectors.csv through the gateway's own code: configuration and readings in, a summary out, within
the row's tolerance. Takes about 3 s, sanitizers
included."""
import csv
from pathlib import Path

import pytest

import cases
import harness

ROWS = [row["vector_id"] for row in csv.DictReader(open(Path(__file__).parent / "carbon-vectors.csv"))]
ENABLED = [case for case in cases.CASES if case.id not in cases.WAITS]


@pytest.fixture(scope="session")
def summaries():
    return harness.run_all(ENABLED)


@pytest.mark.parametrize("case", ENABLED, ids=lambda case: case.id)
def test_vector_comes_out_of_the_gateway(summaries, case):
    of_case = summaries[case.id]
    if isinstance(of_case, harness.Refused):
        raise of_case
    assert of_case, "no summary came"
    for expect in case.expect:
        harness.check(of_case, expect)


def test_every_row_is_a_case_or_a_step_or_waits_for_something_named():
    told = {case.id for case in cases.CASES} | set(cases.STEPS) | set(cases.WAITS)
    assert [row for row in ROWS if row not in told] == []
