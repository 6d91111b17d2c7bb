"""An alert says what happened and what to do, names nobody, reaches a webhook and a mailbox, and quotes no secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from local_sinks import RECIPIENT, Sinks, local_sinks

from pilot_pipeline.closeout.standing import FeedStanding
from pilot_pipeline.config import Home, Pilot, PilotConfig, parse_config
from pilot_pipeline.config.operating import AlertsSection
from pilot_pipeline.errors import BadInput, NotReady
from pilot_pipeline.operation.alerts import checkpoint_failed, feeds_late, run_failed
from pilot_pipeline.operation.sending import send, ways
from pilot_pipeline.privacy.pseudonyms import update_identities
from pilot_pipeline.simulation.template import example_config

SECRETS = {"PILOT_PSEUDONYM_KEY": "a key for tests only"}


def config(alerts: dict | None = None, **secrets: str) -> PilotConfig:
    settings = {**example_config(), **({"alerts": alerts} if alerts is not None else {})}
    return parse_config(settings, {**SECRETS, **secrets}, "the example")


@pytest.fixture
def pilot(tmp_path: Path) -> Pilot:
    return Pilot(config(), Home(tmp_path))


@pytest.fixture
def sinks() -> Iterator[Sinks]:
    with local_sinks() as found:
        yield found


def test_an_alert_arrives_once_each_way_with_what_happened_and_what_to_do(pilot: Pilot, sinks: Sinks) -> None:
    alert = run_failed(pilot, "pilot_week", "0123", ["employees: no file matches."])
    assert send(alert, sinks.section) == ("webhook", "email")
    (post,), (mail,) = sinks.posts, sinks.mails
    assert post["kind"] == "run_failed" and post["run_id"] == "0123"
    assert mail["Subject"] == post["title"] == "AI coaching pilot: pilot_week failed"
    assert mail["To"] == RECIPIENT
    for text in (post["text"], mail.get_content()):
        assert "employees: no file matches." in text and "launch it again" in text


def test_people_are_taken_out_whoever_put_them_in(pilot: Pilot, sinks: Sinks) -> None:
    people = [("p_1", "email", "zebulon.quackenbush@company.example"), ("p_1", "person", "E12345")]
    update_identities(pilot.home.identities, pd.DataFrame(people, columns=["pseudonym", "kind", "identifier"]))
    leaks = ["could not convert Zebulon Quackenbush", "row of E12345", "somebody.else@company.example wrote"]
    late = FeedStanding("tool_events", "late", None, "Nothing from Quackenbush, Zebulon.")
    for alert in (
        run_failed(pilot, "pilot_week", "0", leaks),
        checkpoint_failed(pilot, "0", [("hris_feed", " ".join(leaks))]),
        feeds_late(pilot, [late]),
    ):
        send(alert, sinks.section)
    said = sinks.everything.casefold().replace(RECIPIENT, "")
    assert len(sinks.posts) == 3
    for identifier in ("zebulon", "quackenbush", "e12345", "somebody.else"):
        assert identifier not in said, identifier


def test_checkpoints_and_feeds_are_named_in_the_title(pilot: Pilot) -> None:
    failed = checkpoint_failed(pilot, "0", [("hris_feed", "Two people lead each other."), ("sso_matrix", "Untested.")])
    assert failed.title == "AI coaching pilot: hris_feed, sso_matrix does not hold"
    late = [FeedStanding(name, "late", None, "Nothing from week 3.") for name in ("tool_events", "manager_time")]
    assert feeds_late(pilot, late).title == "AI coaching pilot: tool_events, manager_time are late"
    assert feeds_late(pilot, late[:1]).title == "AI coaching pilot: tool_events is late"


def test_unset_variables_disable_each_way(sinks: Sinks, pilot: Pilot) -> None:
    wanted = {
        "webhook": "${PILOT_ALERT_WEBHOOK}",
        "email": {"server": "${PILOT_ALERT_SMTP}", "recipients": [RECIPIENT]},
    }
    assert ways(config(wanted).alerts) == ()
    assert ways(config(wanted, PILOT_ALERT_WEBHOOK="https://hooks.example/x").alerts) == ("webhook",)
    assert ways(config(wanted, PILOT_ALERT_SMTP="smtp://mail.example").alerts) == ("email",)
    assert send(run_failed(pilot, "pilot_week", "0", []), config(wanted).alerts) == ()
    assert not sinks.posts and not sinks.mails


def test_a_webhook_that_stumbles_is_asked_again_and_gets_it_once(pilot: Pilot, sinks: Sinks) -> None:
    sinks.answers, paused = [503, 500], []
    send(run_failed(pilot, "pilot_week", "0", []), sinks.section, pause=paused.append)
    assert len(sinks.posts) == len(sinks.mails) == 1 and paused == [1.0, 4.0]


def test_one_way_that_does_not_work_leaves_the_other_and_its_secret_is_not_quoted(pilot: Pilot, sinks: Sinks) -> None:
    sinks.answers = [404, 404, 404]
    with pytest.raises(NotReady) as refusal:
        send(run_failed(pilot, "pilot_week", "0", []), sinks.section, pause=lambda _: None)
    assert str(refusal.value) == "The alert could not be sent by webhook: it answered 404."
    assert len(sinks.mails) == 1 and not sinks.posts


def test_a_password_is_never_sent_without_encryption(pilot: Pilot, sinks: Sinks) -> None:
    email = {"server": f"smtp://user:hidden@127.0.0.1:{sinks.ports[1]}", "recipients": [RECIPIENT]}
    with pytest.raises(NotReady, match="offers no encryption") as refusal:
        send(run_failed(pilot, "x", "0", []), AlertsSection.model_validate({"email": email}), pause=lambda _: None)
    assert "hidden" not in str(refusal.value) and not sinks.mails


@pytest.mark.parametrize(
    ("alerts", "sentence"),
    [
        ({"webhook": "hooks.example/secret-token"}, r"alerts.webhook: must be a URL that begins with https:// or http"),
        ({"webhook": "file:///etc/passwd"}, r"alerts.webhook: must be a URL"),
        ({"email": {"server": "mail.example:25/secret-token"}}, r"alerts.email.server: must be a URL that begins with"),
        ({"email": {"recipients": ["a@b.example, c@d.example"]}}, r"alerts.email.recipients: an address reads"),
        ({"email": {"sender": "x@y\nBcc: z@y"}}, r"alerts.email.sender: an address reads"),
    ],
)
def test_what_cannot_be_used_is_refused_without_quoting_it(alerts: dict, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence) as refusal:
        config(alerts)
    assert "secret-token" not in str(refusal.value)
