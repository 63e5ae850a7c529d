"""`make eval-adapters`: what real bodies would become, told body by body."""

import json
from pathlib import Path
from typing import Any

import pytest

from intake.evaluation import main
from tests.intake import vendor_bodies as bodies
from tests.intake.platforms import email_opened
from tests.intake.test_mappings import PODIUM, batch, entry
from tests.intake.vendor_bodies import as_form, as_json


def lay(folder: Path, files: dict[str, bytes | str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def told(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    status = main([str(folder)])
    return status, capsys.readouterr().out.splitlines()


def test_every_body_is_told_item_by_item(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    event = json.dumps({"specversion": "1.0", "id": "e-1", "source": "/x", "type": "com.example.cup.filled"})
    folder = lay(
        tmp_path,
        {
            "mautic/open.json": as_json({"mautic.email_on_open": email_opened(), "mautic.lead_post_delete": {}}),
            "mautic/SOURCE.txt": "where they come from",
            "mautic/signature_vector.json": "not JSON",
            "mailchimp/left.form.txt": as_form(bodies.mailchimp("unsubscribe", **{"data[reason]": "manual"})) + b"\n",
            "mailchimp/joined.fields.json": json.dumps(bodies.mailchimp("subscribe")),
            "brevo/short.json": as_json([{"event": "click"}, {"event": "click", "email": "ada@clinic.test"}, {"event": "brewed"}]),
            "podium/mapping.json": json.dumps(PODIUM),
            "podium/day.json": batch(entry()),
            "cloudevents/one_headers.txt": f"Content-Type: application/cloudevents+json\r\n\r\n{event}",
            "unheard-of/body.json": "{}",
        },
    )
    status, lines = told(folder, capsys)
    assert status == 0
    text = "\n".join(lines)
    assert "    accepted  mautic.email_on_open -> email_opened  source_event_id=email_on_open:8:1 channel=email" in text
    assert "    ignored: record_only  mautic.lead_post_delete" in lines
    assert "signature_vector" not in text
    assert "SOURCE" not in text
    assert "accepted  unsubscribe -> unsubscribed" in text
    assert "accepted  subscribe -> subscribed" in text
    assert lines[lines.index("  short.json") + 1 :][:3] == [
        "    ignored: no_identity  click",
        "    ignored: no_time  click",
        "    ignored: unknown_event_type  brewed",
    ]
    assert "occurred_at=2026-03-02T10:15:00Z machine=false" in text
    assert 'contact={"emails":["ada@clinic.test"],"external_ids":{"npi":"1234567893","podium":"G-7"}}' in text
    assert lines[lines.index("  one_headers.txt") + 1].startswith("    ignored: ")
    assert lines[lines.index("unheard-of") + 1] == "  no mapping"
    assert lines[-1] == "4 accepted, 5 ignored, 1 no mapping"


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"brevo/a.json": "{"}, "    rejected: unreadable  unnamed"),
        ({"brevo/a.json": as_json({"event": "click", "email": "a@b.test", "ts_epoch": "soon"})}, "    rejected: time_unreadable  click"),
        ({"typeform/a.form.txt": "a=b"}, "    rejected: unreadable  unnamed"),
        ({"podium/mapping.json": json.dumps({**PODIUM, "type": "what["})}, "  rejected: mapping.json: type: Value error, is no JMESPath"),
        ({"podium/mapping.json": "{"}, "  rejected: mapping.json: the mapping: Invalid JSON"),
    ],
)
def test_a_rejection_fails_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, Any], line: str) -> None:
    status, lines = told(lay(tmp_path, files), capsys)
    assert status == 1
    assert any(told.startswith(line) for told in lines), lines


def test_a_folders_own_mapping_goes_before_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lay(tmp_path, {"brevo/mapping.json": json.dumps(PODIUM), "brevo/day.json": batch(entry(what="DOOR_OPENED"))})
    assert "    ignored: record_only  DOOR_OPENED" in told(tmp_path, capsys)[1]


def test_nothing_to_evaluate_is_an_error(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SystemExit, match="2"):
            main([str(folder)])
