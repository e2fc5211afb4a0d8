"""Public holidays of countries and regions, and how settings refuse what is not known."""

from datetime import date

import pytest

from tasks.errors import ConfigurationError
from tasks.planning.calendar_tables import (
    Holiday,
    OpenHours,
    Reported,
    calendar_of,
    default_schedules,
)
from tasks.public_holidays import parse_regions, public_holidays
from tasks.settings import load

_YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def _days(written: str) -> list[date]:
    return public_holidays(parse_regions(written), *_YEAR)


def test_a_region_has_its_own_days_beside_those_of_the_country():
    corpus_christi, assumption = date(2026, 6, 4), date(2026, 8, 15)
    assert corpus_christi not in _days("DE")
    assert corpus_christi in _days("DE-BY")
    assert assumption not in _days("DE-BY")
    assert assumption in _days("DE-BY:catholic")
    assert date(2026, 8, 31) in _days("GB-ENG")
    assert date(2026, 8, 3) in _days("GB-SCT")


def test_several_regions_close_the_days_of_each():
    assert set(_days("DE-BY, GB-SCT")) == set(_days("DE-BY")) | set(_days("GB-SCT"))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("it", "such as IT"),
        ("Germany", "such as DE"),
        ("XX", "country 'XX' is not known"),
        ("DE-BX", "DE-BY"),
        ("DE-Bayern", "DE-BY"),
        ("AF-X", "it has no regions"),
        ("DE-BY:cath", "it has catholic, public, school"),
        ("DE-BY, GB-SCOT", "GB-SCT"),
    ],
)
def test_what_is_not_known_is_refused_with_the_closest_names(written, expected):
    account = {"connector": "jira", "name": "jira_main", "holiday_country": written}
    for given in ({"business": {"holiday_country": written}}, {"accounts": [account]}):
        with pytest.raises(ConfigurationError, match="holiday_country") as refusal:
            load(**given)
        assert expected in str(refusal.value)


def test_a_list_is_as_good_as_a_text():
    given = load(business={"holiday_country": ["DE-BY", "GB-SCT"]})
    assert given.business.holiday_country == "DE-BY, GB-SCT"


def test_the_environment_gives_regions_and_hours(monkeypatch):
    monkeypatch.setenv("SUPPORT_ETL_BUSINESS__HOLIDAY_COUNTRY", "DE-BY, AT")
    monkeypatch.setenv("SUPPORT_ETL_BUSINESS__DEFAULT_HOURS", "Mon-Fri 22:00-06:00")
    assert load().business.holiday_country == "DE-BY, AT"
    assert load().business.default_hours == "Mon-Fri 22:00-06:00"


@pytest.mark.parametrize(
    ("section", "given"),
    [
        ("business.default_hours", {"business": {"default_hours": "Mon 9-17"}}),
        ("planning.shifts", {"planning": {"shifts": ["Mon 9-17"]}}),
        ("accounts.0.hours", {"accounts": [{"connector": "jira", "name": "j", "hours": "9-5"}]}),
        (
            "accounts.0.time_zone",
            {"accounts": [{"connector": "jira", "name": "j", "time_zone": "Mars/Olympus"}]},
        ),
    ],
)
def test_the_setting_that_cannot_be_read_is_named(section, given):
    with pytest.raises(ConfigurationError, match=section):
        load(**given)


def _hours(schedule_id: str, name: str, **given) -> OpenHours:
    usual = {"is_default": False, "position": None} | given
    return OpenHours(
        "acme", schedule_id, "UTC", 1980, 2460, usual["is_default"], usual["position"], name
    )


@pytest.mark.parametrize(
    ("listed", "wanted", "expected"),
    [
        ([("10000002", {"position": 1}), ("990001", {"position": 0})], "", ("990001", "order")),
        ([("b", {"is_default": True}), ("a", {})], "", ("b", "mark")),
        ([("b", {"is_default": True}), ("a", {})], "a", ("a", "setting")),
        ([("b", {}), ("a", {})], "name of b", ("b", "setting")),
        ([("b", {"is_default": True}), ("a", {})], "gone", ("b", "mark")),
        ([("a", {})], "", ("a", "only one")),
        ([("10000002", {}), ("990001", {})], "", ("990001", "unknown")),
        (
            [
                ("a", {"is_default": True, "position": 2}),
                ("b", {"is_default": True, "position": 1}),
            ],
            "",
            ("b", "order"),
        ),
    ],
)
def test_a_setting_a_mark_or_an_order_decides_which_schedule_is_the_default(
    listed, wanted, expected
):
    hours = [
        _hours(schedule_id, f"name of {schedule_id}", **given) for schedule_id, given in listed
    ]
    assert default_schedules(hours, {"acme": wanted})["acme"] == expected


def test_every_calendar_has_its_holidays_by_name():
    """The vendor's own, else those of the account's setting, and the business's."""
    settings = load(
        business={"holiday_country": "DE"},
        accounts=[
            {"connector": "zendesk", "name": "desk", "holiday_country": "FR"},
            {"connector": "jira", "name": "jira", "holiday_country": "AT"},
        ],
    )
    inventory = Holiday("desk", "s", date(2026, 5, 4), date(2026, 5, 5), name="Inventory")
    evening = Holiday("desk", "s", date(2026, 5, 5), date(2026, 5, 5), 1020, 1440)
    reported = Reported(hours=[], holidays=[inventory, evening], accounts=[])
    made = calendar_of(reported, settings, {}, date(2026, 5, 1), date(2026, 5, 31))
    found = {(one.calendar, one.day.day): (one.name, one.is_whole_day) for one in made.holidays}
    assert found["desk/s", 4] == ("Inventory", True)
    assert found["desk/s", 5] == ("Inventory, holiday", True)
    assert found["jira/*", 1] == ("Staatsfeiertag", True)
    assert found["business", 1] == ("Erster Mai", True)
    assert {calendar for calendar, _ in found} == {"desk/s", "jira/*", "business"}
