"""The alarms look at figures that exist, say what to do, and are explained; the explanation leaves nothing out."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.launcher.servers import SERVICES
from shared.events.topics import TOPICS
from tests.conftest import ClientOf, MakeService

MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"
README = (MONITORING / "README.md").read_text()
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
_METRIC = re.compile(r"\b(?:fullcircle|process)_[a-z_]+")


@pytest.fixture
async def exposed(make_service: MakeService, client_of: ClientOf) -> set[str]:
    """The names of all metrics of all services, as `/metrics` gives them."""
    names: set[str] = set()
    for name in SERVICES:
        async with client_of(await make_service(name)) as client:
            for line in (await client.get("/metrics")).text.splitlines():
                if line.startswith("# TYPE "):
                    names.add(line.split()[2])
    return {name for name in names if not name.endswith("_created")}


async def test_every_alarm_looks_at_metrics_that_a_running_service_has(exposed: set[str]) -> None:
    for rule in RULES:
        named = set(_METRIC.findall(rule["expr"]))
        assert named, rule["alert"]
        assert named <= exposed, rule["alert"]


async def test_the_table_of_metrics_is_complete_and_names_none_that_is_not_there(exposed: set[str]) -> None:
    named = set(_METRIC.findall(README.split("## The alarms")[0]))
    assert {name for name in exposed if name.startswith("fullcircle_")} <= named
    assert named <= exposed


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alarm_says_what_it_is_how_urgent_and_what_to_do_here_and_in_the_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "action"}
    assert re.search(rf"^\| `{rule['alert']}` \| [^|]+ \| [^|]+ \|$", README, re.MULTILINE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_threshold_has_its_reason_beside_it(rule: dict[str, Any]) -> None:
    lines = (MONITORING / "alerts.yml").read_text().splitlines()
    [place] = [number for number, line in enumerate(lines) if line.strip() == f"- alert: {rule['alert']}"]
    assert lines[place + 1].strip().startswith("# ")


def test_the_runbook_explains_no_alarm_that_is_gone() -> None:
    explained = set(re.findall(r"^\| `([A-Z][A-Za-z]+)` \|", README, re.MULTILINE))
    assert explained == {rule["alert"] for rule in RULES}


def test_the_rule_about_unread_partitions_knows_how_many_there_are() -> None:
    [rule] = [rule for rule in RULES if rule["alert"] == "PartitionsUnread"]
    assert {f"< {topic.partitions}" for topic in TOPICS} == {rule["expr"][rule["expr"].index("<") :]}
