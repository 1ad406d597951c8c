"""Every row of carbon-vectors.csv through the gateway's own code: configuration and readings in, a summary out, within
the row's tolerance. Takes about 3 s, sanitizers included."""
import csv
import re
import warnings
from pathlib import Path

import pytest

import cases
import harness
import neighbours

ROWS = [row["vector_id"] for row in csv.DictReader(open(Path(__file__).parent / "carbon-vectors.csv"))]
ENABLED = [case for case in cases.CASES if case.id not in cases.WAITS]
ALL = ENABLED + neighbours.CASES


@pytest.fixture(scope="session")
def summaries():
    return harness.run_all(ALL)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
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
    done = {case.id for case in ENABLED} | set(cases.STEPS)
    assert [name for name, reason in cases.WAITS.items() if name in done or not reason] == []
    waiting = [row for row in ROWS if row in cases.WAITS]
    if waiting:
        warnings.warn(f"{len(waiting)} of {len(ROWS)} rows wait: {', '.join(waiting)}", stacklevel=1)


@pytest.mark.parametrize("row", sorted(cases.STEPS))
def test_step_is_a_test_beside_the_function_that_the_path_uses(row):
    name = row.lower().replace("-", "_")
    text = (harness.ROOT / cases.STEPS[row]).read_text()
    assert re.search(rf"cmocka_unit_test\({name}_\w+\)", text), f"{cases.STEPS[row]} has no test {name}_…"
