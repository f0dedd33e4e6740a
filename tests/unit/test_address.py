"""Run addresses in every shape that people type and paste."""

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandb_tui.core.address import MAX_RUN_ID, RunAddress, is_short, split_addresses
from wandb_tui.core.catalogue import ListedRun
from wandb_tui.core.errors import UsageError

FORGE = "https://forge.coreweave.com/wandb"
ABC = RunAddress("lab", "forks", "abc123")

_plain = st.characters(exclude_categories=("C", "Z"), exclude_characters="/\\#?%:;,'")
entities = st.from_regex(r"[A-Za-z0-9_-]{1,20}|[a-z]{1,9}[ .][a-z]{1,9}", fullmatch=True)
projects = st.text(_plain, min_size=1, max_size=30)
run_ids = st.text(_plain, min_size=1, max_size=MAX_RUN_ID)
addresses = st.builds(RunAddress, entities, projects, run_ids)


@pytest.mark.parametrize(
    "text",
    [
        "lab/forks/abc123",
        "  lab/forks/abc123\n",
        "/lab/forks/abc123",
        "lab/forks/runs/abc123",
        "https://forge.coreweave.com/wandb/lab/forks/runs/abc123",
        "https://forge.coreweave.com/wandb/lab/forks/runs/abc123/overview",
        "https://forge.coreweave.com/wandb/lab/forks/runs/abc123/logs?nw=nwuserme",
        "https://forge.coreweave.com/wandb/lab/forks/runs/abc123/files/output.log#L3",
        "https://wandb.ai/lab/forks/runs/abc123",
        "http://www.wandb.ai/lab/forks/runs/abc123/artifacts?nw=x",
        "wandb.ai/lab/forks/runs/abc123",
        "forge.coreweave.com/wandb/lab/forks/runs/abc123",
        "HTTPS://WANDB.AI/lab/forks/runs/abc123",
        "https://wandb.ai:443/lab/forks/runs/abc123",
        "https://wandb.ai/lab/forks/artifacts/wandb-history/run-abc123-history/v0/files",
        "https://wandb.ai/lab/forks/groups/g1/runs/abc123",
    ],
)
def test_every_shape_of_one_run(text):
    assert RunAddress.parse(text, app_url=FORGE) == ABC


@pytest.mark.parametrize(
    ("app_url", "text"),
    [
        ("http://localhost:8080", "http://localhost:8080/lab/forks/runs/abc123"),
        ("http://localhost:8080", "localhost:8080/lab/forks/runs/abc123/overview"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080/lab/forks/runs/abc123"),
        ("http://host.example/prefix", "http://host.example/prefix/lab/forks/runs/abc123"),
        ("https://acme.wandb.io", "acme.wandb.io/lab/forks/runs/abc123"),
        ("http://[::1]:8080", "http://[::1]:8080/lab/forks/runs/abc123"),
    ],
)
def test_pages_of_other_servers(app_url, text):
    assert RunAddress.parse(text, app_url=app_url) == ABC


def test_spaces_in_a_project():
    wanted = RunAddress("lab", "my forks", "abc")
    assert RunAddress.parse("https://wandb.ai/lab/my%20forks/runs/abc", app_url=FORGE) == wanted
    assert RunAddress.parse("lab/my%20forks/abc") == wanted
    assert RunAddress.parse("lab/my forks/abc") == wanted
    assert wanted.page(FORGE) == f"{FORGE}/lab/my%20forks/runs/abc"


@pytest.mark.parametrize("entity", ["My Team", "first.last", "acme.ai", "a.b.c", "O'Neil", "名前"])
def test_an_entity_is_what_the_server_calls_it(entity):
    wanted = RunAddress(entity, "forks", "abc")
    assert RunAddress.parse(str(wanted), app_url=FORGE) == wanted
    assert RunAddress.parse(f"{entity}/forks/abc") == wanted
    assert RunAddress.parse(wanted.page(FORGE), app_url=FORGE) == wanted
    assert RunAddress.parse(f"{quote(entity)}/forks/abc") == wanted
    assert RunAddress.parse("forks/abc", entity=entity) == wanted


@pytest.mark.parametrize(
    ("app_url", "text"),
    [
        (FORGE, "other.example/lab/forks/runs/abc"),
        (FORGE, "other.example/prefix/lab/forks/runs/abc"),
        (FORGE, "acme.wandb.io/lab/forks/abc"),
        (FORGE, "other.example:8080/lab/forks/abc"),
        ("https://wandb.lan", "wandb.ai/lab/forks/abc"),
    ],
)
def test_a_host_without_its_scheme_is_still_a_host(app_url, text):
    with pytest.raises(UsageError, match="but this is"):
        RunAddress.parse(text, app_url=app_url)


def test_short_forms_are_completed():
    assert RunAddress.parse("forks/abc123", entity="lab") == ABC
    assert RunAddress.parse("abc123", entity="lab", project="forks") == ABC
    assert is_short("forks/abc123")
    assert is_short("abc123")
    assert not is_short("lab/forks/abc123")
    assert not is_short("wandb.ai/x")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("abc123", "no entity and project"),
        ("forks/abc123", "no entity"),
        ("https://wandb.ai/lab/forks", "is a project"),
        ("https://wandb.ai/lab/forks/workspace?nw=x", "a workspace"),
        ("https://wandb.ai/lab/forks/sweeps/s1", "a sweep"),
        ("https://wandb.ai/lab/forks/reports/My-report--Vmlldz", "a report"),
        ("https://wandb.ai/", "not the address of a run"),
        ("https://wandb.ai/lab", "not the address of a run"),
        ("ftp://wandb.ai/lab/forks/runs/abc", "not a web address"),
        ("javascript://wandb.ai/%0aalert(1)", "not a web address"),
        ("http://[::1/x/y/runs/z", "not a web address"),
        ("http://host:99999/a/b/runs/c", "not a web address"),
        ("https:///lab/forks/runs/abc", "names no server"),
        ("lab/forks/a:b", "cannot contain"),
        ("lab/forks/a;b", "cannot contain"),
        ("lab/forks/a'b", "cannot contain"),
        ("lab/for#ks/abc", "cannot contain"),
        ("lab/forks/x\x1b[31m", "control characters"),
        ("lab/forks/a\nb", "control characters"),
        ("la:b/forks/abc", "entity's name cannot contain “:”"),
        ("la#b/forks/abc", "entity's name cannot contain “#”"),
        ("e" * 129 + "/forks/abc", "129 characters"),
        ("lab/a/b/c/d", "too many parts"),
        ("lab//abc", "empty"),
        ("lab/" + "p" * 129 + "/abc", "129 characters"),
        ("lab/forks/" + "x" * 300, "300 characters"),
        ("lab/forks/" + "x" * (MAX_RUN_ID + 1), "no history artifact"),
    ],
)
def test_what_is_no_address_says_why(text, says):
    with pytest.raises(UsageError, match=says) as error:
        RunAddress.parse(text, app_url=FORGE)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/lab/forks/runs/abc123",
        "https://wandb.ai.evil.example/lab/forks/runs/abc123",
        "https://wandb.ai@evil.example/lab/forks/runs/abc123",
        "https://wandb.ai:8443/lab/forks/runs/abc123",
        "https://acme.wandb.io/lab/forks/runs/abc123",
        "http://localhost:8080/lab/forks/runs/abc123",
    ],
)
def test_another_servers_page_is_refused_and_both_are_named(text):
    with pytest.raises(UsageError) as error:
        RunAddress.parse(text, app_url=FORGE)
    assert "forge.coreweave.com" in str(error.value)
    assert "--host" in str(error.value)


def test_the_cloud_is_not_a_self_managed_server():
    with pytest.raises(UsageError, match="localhost:8080"):
        RunAddress.parse("https://wandb.ai/lab/forks/runs/abc", app_url="http://localhost:8080")


def test_names_of_the_artifact():
    assert ABC.history_artifact == "lab/forks/run-abc123-history"
    longest = RunAddress("lab", "forks", "x" * MAX_RUN_ID)
    assert len(longest.collection) == 128


@given(addresses)
def test_what_is_printed_is_read_back(address):
    assert RunAddress.parse(address.page(FORGE), app_url=FORGE) == address
    assert RunAddress.parse(address.page("http://localhost:80/pre"), app_url="http://localhost/pre") == address
    if "runs" not in {address.project, address.run_id}:
        assert RunAddress.parse(str(address)) == address


@given(st.text(max_size=200))
def test_whatever_is_typed_is_an_address_or_a_usage_error(text):
    try:
        address = RunAddress.parse(text, entity="lab", project="forks", app_url=FORGE)
    except UsageError:
        return
    assert len(address.collection) <= 128


@given(st.sampled_from(["https://", "http://", "", "//"]), st.text(max_size=60), st.text(max_size=60))
def test_hostile_hosts_never_pass_for_ours(scheme, host, rest):
    text = f"{scheme}{host}.evil.example/{quote(rest)}/runs/abc"
    try:
        RunAddress.parse(text, app_url=FORGE)
    except UsageError:
        return
    # Only a text that is no URL at all can be an address here: a path typed by hand.
    assert "://" not in text


def test_a_listed_run_that_cannot_be_watched_says_why():
    assert ListedRun("My Team", "forks", "abc").address == RunAddress("My Team", "forks", "abc")
    assert "above 116 a run has no history artifact" in ListedRun("lab", "forks", "x" * 200).problem
    assert ListedRun("lab", "for:ks", "abc").problem == "A project's name cannot contain “:”."


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("lab/my project, v2/abc", ["lab/my project, v2/abc"]),
        ("My Team/a;b/abc", ["My Team/a;b/abc"]),
        ("https://wandb.ai/lab/my project/runs/abc", ["https://wandb.ai/lab/my project/runs/abc"]),
        ("https://wandb.ai/l/f/runs/a?nw=x  l/f/b", ["https://wandb.ai/l/f/runs/a?nw=x", "l/f/b"]),
        ("lab/forks/abc, lab/forks/def", ["lab/forks/abc", "lab/forks/def"]),
        ("lab/forks/abc, def", ["lab/forks/abc", "def"]),
        ("forks/abc forks/def", ["forks/abc", "forks/def"]),
        ("abc def;ghi", ["abc", "def", "ghi"]),
        ("\ufefflab/forks/abc\u200b", ["lab/forks/abc"]),
        ('<a href="https://x.org/l/f/runs/a">a</a>', ['<a href="https://x.org/l/f/runs/a">a</a>']),
        ("lorem ipsum dolor sit amet", ["lorem ipsum dolor sit amet"]),
        ("lorem/ipsum, dolor/sit amet consectetur", ["lorem/ipsum, dolor/sit amet consectetur"]),
        ("abc123 def456 ghi789 jkl012", ["abc123", "def456", "ghi789", "jkl012"]),
        ("forks/abc forks/def forks/ghi forks/jkl", ["forks/abc", "forks/def", "forks/ghi", "forks/jkl"]),
        ("qwertyui asdfghjk zxcvbnma poiuytre", ["qwertyui", "asdfghjk", "zxcvbnma", "poiuytre"]),
        (" ", []),
    ],
)
def test_a_line_that_is_one_address_is_one(line, found):
    assert split_addresses(line) == found


@pytest.mark.parametrize("project", ["my project", "a, b", "a;b", "x  y", "plain", "ünïcode – name"])
def test_a_path_as_it_is_printed_is_read_back(project):
    address = RunAddress("lab", project, "abc123")
    assert [RunAddress.parse(text, entity="me", project="mine") for text in split_addresses(str(address))] == [address]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("l\u0430b/forks/abc", "U+0430 cyrillic small letter a"),
        ("lab/f\u03bfrks/abc", "U+03BF greek small letter omicron"),
        ("lab/forks/\uff11\uff12", "full-width character"),
        ("lab/forks/a\u00adbc", "U+00AD soft hyphen"),
        ("lab/forks/a\u200bbc", "U+200B zero width space"),
    ],
)
def test_misleading_characters_are_named(text, says):
    with pytest.raises(UsageError, match=re.escape(says)):
        RunAddress.parse(text)


@pytest.mark.parametrize("name", ["дщv2", "プロジェクト１", "Αθήνα", "naïve", "\U0001f469\u200d\U0001f52c"])
def test_names_in_other_alphabets_are_not_misleading(name):
    assert RunAddress.parse(f"lab/{name}/abc").project == name


@pytest.mark.parametrize("around", ["\ufeff{}", "{}\u200b", "\u00ad{}\u200e", " {}\u00a0\n"])
def test_invisible_characters_at_the_ends_are_dropped(around):
    assert str(RunAddress.parse(around.format("lab/forks/abc"))) == "lab/forks/abc"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('href="https://wandb.ai/lab/forks/runs/abc">', "Did you mean https://wandb.ai/lab/forks/runs/abc?"),
        (
            '<a class="link" href="https://wandb.ai/lab/forks/runs/abc">',
            "Did you mean https://wandb.ai/lab/forks/runs/abc?",
        ),
        ("see:lab/forks/abc.", "Did you mean lab/forks/abc?"),
        ("see:lab/forks/v1.2.", "Did you mean lab/forks/v1.2?"),
        ("<p>", "write all of entity/project/run_id"),
        ("“quoted”", "write all of entity/project/run_id"),
        ("sentence.", "write all of entity/project/run_id"),
        ("lorem ipsum dolor sit amet", "write all of entity/project/run_id"),
    ],
)
def test_markup_and_prose_are_no_short_addresses(text, says):
    with pytest.raises(UsageError, match=re.escape(says)):
        RunAddress.parse(text, entity="me", project="mine")
