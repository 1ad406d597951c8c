"""Killed at every place where the order of two durable steps matters, and at random, the books are exact."""
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import campaign  # noqa: E402

RANDOM_KILLS = 20


def twice(points):
    """Two kills at each: at the second and the fifth passing where there can be so many."""
    return [campaign.Kill(point, 1 if point in campaign.ONCE_A_START | campaign.AT_SEGMENT_ENDS else nth)
            for nth in (2, 5) for point in points]


def assert_all_hit(result):
    assert not result.missed(), [k.where for k in result.missed()]
    assert result.under_load == len(result.kills)


def test_each_crash_point_twice_under_load_loses_nothing_and_counts_nothing_twice(tmp_path):
    points = [p for p in campaign.points_under_load() if p not in campaign.AT_SEGMENT_ENDS]
    assert_all_hit(campaign.campaign(tmp_path, twice(points), seed=1))


def test_each_crash_point_of_a_segments_end_twice_loses_nothing_and_counts_nothing_twice(tmp_path):
    points = [p for p in campaign.points_under_load() if p in campaign.AT_SEGMENT_ENDS]
    assert_all_hit(campaign.campaign(tmp_path, twice(points), seed=2))


def test_twenty_random_kills_under_load_lose_nothing_and_count_nothing_twice(tmp_path):
    chance = random.Random(3)
    assert_all_hit(campaign.campaign(tmp_path, campaign.random_kills(RANDOM_KILLS, chance), seed=3))


@pytest.mark.parametrize("point", sorted(campaign.AT_FIRST_START))
def test_killed_in_its_very_first_start_the_gateway_begins_again(tmp_path, point):
    campaign.die_at_first_start(tmp_path, point)


def test_every_crash_point_is_killed_at_by_some_test():
    known = set(campaign.crash_points())
    placed = set(campaign.points_under_load()) | campaign.AT_FIRST_START | campaign.ELSEWHERE
    assert placed == known and campaign.AT_SEGMENT_ENDS | campaign.AT_DAMAGE <= known
