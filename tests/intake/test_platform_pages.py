"""The pages for whoever connects a platform say what the code does."""

import ast
import json
import re
from pathlib import Path

import pytest

from intake.decisions import adapters
from intake.decisions.acts import Act
from intake.decisions.adapters import SourceFacts, marketo
from intake.platform_pages import BEGIN, END, with_facts
from intake.platforms import PLATFORMS
from intake.sources import SourceSettings

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "services/intake/docs/platforms"
README = ROOT / "services/intake/README.md"
GLOSSARY = ROOT / "docs/glossary.md"


def page_of(name: str) -> str:
    return (PAGES / f"{name}.md").read_text()


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_page_says_of_its_platform_what_the_code_says(name: str) -> None:
    page = page_of(name)
    assert page.count(BEGIN) == page.count(END) == 1
    assert page == with_facts(page, PLATFORMS[name]), "write it anew: python -m intake.platform_pages services/intake/docs/platforms"


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_a_page_has_people_paste_connects_its_platform(name: str) -> None:
    pasted = [json.loads(block) for block in blocks(page_of(name), "json")]
    assert pasted
    for body in pasted:
        assert body["adapter"] == name
        assert len(body["secrets"]) == 1
        assert body["settings"].keys() <= PLATFORMS[name].settings
        SourceSettings.model_validate(body["settings"])


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_page_explains_every_setting_of_its_platform(name: str) -> None:
    by_hand = page_of(name).partition(BEGIN)[0]
    explained = {"brand_id", "public_url"}  # the same everywhere
    assert not {setting for setting in PLATFORMS[name].settings - explained if setting not in by_hand}


def test_there_is_a_page_for_each_platform_and_no_other_and_the_readme_leads_to_it() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} >= PLATFORMS.keys()
    assert not {name for name in PLATFORMS if f"[`{name}`](docs/platforms/{name}.md)" not in README.read_text()}


def test_the_template_marketo_is_given_is_read_once_it_is_filled() -> None:
    [template] = blocks(page_of("marketo"), "text")
    values = {"lead.Id": "1009", "system.dateTime": '"2026-03-02 10:15:00"', "lead.Email Address": '"ada@clinic.test"'}
    filled = re.sub(r"\{\{([^}]*)\}\}", lambda token: values.get(token[1], '"a name"'), template)
    [item] = marketo.read(marketo.value(filled.encode(), {}), SourceFacts("marketo"))
    assert isinstance(item, Act)
    assert (item.kind, {mark.kind for mark in item.marks}) == ("form_submitted", {"form", "campaign", "program"})
    assert [*marketo.read(marketo.value(template.encode(), {}), SourceFacts("marketo"))]


def test_every_reason_a_platform_gives_is_explained() -> None:
    reasons = {reason for adapter in PLATFORMS.values() for reason in adapter.ignored.values()}
    for path in Path(adapters.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Ignored":
                reasons |= {str(constant.value) for constant in ast.walk(node.args[1]) if isinstance(constant, ast.Constant)}
    assert {"own_staff", "topics_only"} <= reasons
    assert not {reason for reason in reasons if f"`{reason}`" not in GLOSSARY.read_text()}
