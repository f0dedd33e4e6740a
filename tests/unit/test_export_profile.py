"""Export profiles: how they are stored, and what they change for the monitors."""

import os

import pytest

from wandb_tui.core.export_profile import ExportProfile, ExportTrigger
from wandb_tui.core.schedule import PollPolicy, Schedule
from wandb_tui.services.disk.export_profiles import ExportProfileFile
from wandb_tui.services.disk.paths import Paths
from wandb_tui.wiring import Wiring


def test_where_a_visit_starts_exports_it_comes_at_once_and_again_only_after_their_time():
    poll_policy = ExportProfile(ExportTrigger.VISIT, 50).adjust(PollPolicy())
    assert poll_policy.visit_after == 0
    assert poll_policy.quick_for == poll_policy.revisit_interval == 105
    assert ExportProfile(ExportTrigger.VISIT, 1).adjust(PollPolicy()).revisit_interval == PollPolicy().revisit_interval


@pytest.mark.parametrize("trigger", [ExportTrigger.API_QUERY, ExportTrigger.WAITING])
def test_where_exports_start_without_a_visit_the_first_one_waits(trigger):
    poll_policy = ExportProfile(trigger, 10).adjust(PollPolicy())
    now = 100.0
    schedule = Schedule(poll_policy, lambda: now)
    assert schedule.until_probe == 0
    assert schedule.until_visit == 25
    schedule.probe_answered()
    assert schedule.until_probe == poll_policy.quick_interval < poll_policy.check_interval
    now += 25
    assert schedule.until_visit == 0


def test_a_short_wait_still_visits():
    assert ExportProfile(ExportTrigger.API_QUERY, 1000).adjust(PollPolicy(max_wait_time=60)).visit_after == 30
    assert ExportProfile(ExportTrigger.API_QUERY, 1000).adjust(PollPolicy(max_wait_time=0)).visit_after == 600


def test_each_server_has_a_private_file_of_its_own(tmp_path):
    before = os.umask(0)
    try:
        ExportProfileFile(tmp_path / "a" / "servers", "https://acme.wandb.io").write(
            ExportProfile(ExportTrigger.VISIT, 12.34)
        )
    finally:
        os.umask(before)
    file = ExportProfileFile(tmp_path / "a" / "servers", "https://acme.wandb.io")
    assert file.read() == ExportProfile(ExportTrigger.VISIT, 12.3)
    assert ExportProfileFile(tmp_path / "a" / "servers", "https://other.wandb.io").read() is None
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in (tmp_path / "a", tmp_path / "a" / "servers"))


@pytest.mark.parametrize(
    "text",
    ["", "[", 'export_starts_by = "magic"\nexport_seconds = 1', 'export_starts_by = "visit"\nexport_seconds = nan'],
)
def test_a_file_that_cannot_be_used_is_as_good_as_none(tmp_path, text):
    file = ExportProfileFile(tmp_path, "cloud")
    file.path.write_text(text)
    assert file.read() is None
    file.write(ExportProfile(ExportTrigger.WAITING, 3))
    assert file.read() == ExportProfile(ExportTrigger.WAITING, 3)


def test_the_services_bring_it_to_the_monitors(tmp_path):
    paths = Paths(tmp_path / "c", tmp_path / "s", tmp_path / "l")
    wiring = Wiring(host="http://127.0.0.1:1", environ={}, paths=paths)
    assert wiring.adjusted(PollPolicy()) == PollPolicy()
    wiring.export_profiles.write(ExportProfile(ExportTrigger.API_QUERY, 10))
    later = Wiring(host="http://127.0.0.1:1", environ={}, paths=paths)
    assert later.adjusted(PollPolicy()).visit_after == 25
