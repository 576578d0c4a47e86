"""Settings are read whole, and what is wrong is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import FieldInfo, fields

from connectors.settings import SettingsGroup
from corridor.settings import Settings, load, require_safe, settings_reference, unsafe
from corridor.settings.exposure import is_own
from corridor.settings.reference import all_settings
from schemas.errors import Misconfigured

DLP = """\
[participants.dlp-west]
profile = "dlp.event.v1"

[participants.dlp-west.deliver]
url = "https://dlp.example/events"
auth = { kind = "oauth2", token_url = "https://dlp.example/token", client_id = "c", client_secret = "env:S" }
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where there is no corridor.toml."""
    monkeypatch.chdir(tmp_path)


def written(text: str) -> Path:
    """Write a settings file and return its path."""
    path = Path("settings.toml")
    path.write_text(text)
    return path


def test_nothing_given_is_the_default() -> None:
    """Without file and environment the defaults hold, and they are safe."""
    assert load(environment={}) == Settings()
    assert unsafe(Settings()) == []


def test_the_file_in_the_working_directory_is_found() -> None:
    """corridor.toml is read without being named."""
    Path("corridor.toml").write_text("[topics]\npartitions = 3\n")
    assert load(environment={}).topics.partitions == 3


def test_the_environment_goes_over_the_file() -> None:
    """A variable replaces the file's value, with its type; a hyphen in a name is an underscore."""
    settings = load(
        written(DLP + "[topics]\npartitions = 3\n"),
        {
            "CORRIDOR__TOPICS__PARTITIONS": "12",
            "CORRIDOR__PARTICIPANTS__DLP_WEST__DELIVER__URL": "https://other.example",
            "CORRIDOR__KAFKA__TLS": "{}",
            "OTHER": "ignored",
        },
    )
    assert settings.topics.partitions == 12
    assert settings.kafka.tls is not None
    deliver = settings.participants["dlp-west"].deliver
    assert deliver is not None
    assert deliver.url == "https://other.example"
    assert settings.participants["dlp-west"].name == "dlp-west"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[kafka]\nbootstrap_server = 'k:1'", "settings.toml:2: unknown setting 'kafka.bootstrap_server'"),
        ("[kafka]\nbootstrapp = 'k:1'", "did you mean 'bootstrap'?"),
        ("[topic]\npartitions = 1", "settings.toml:1: unknown setting 'topic'; did you mean 'topics'?"),
        ("[topics]\n\npartitions = 0", "settings.toml:3: topics.partitions: Expected `int` >= 1"),
        ("[gateway]\nport = 'http'", "settings.toml:2: gateway.port: Expected `int`"),
        ("[kafka", "is not TOML"),
        (DLP + "retries = 3", "settings.toml:7: unknown setting 'participants.dlp-west.deliver.retries'"),
        (DLP.replace("client_id", "clientid"), "did you mean 'client_id'?"),
        (DLP.replace('"env:S"', '"hunter2"'), "file:PATH or env:NAME"),
        (
            DLP.replace('"https://dlp.example/events"', "7"),
            "settings.toml:5: participants.dlp-west.deliver.url",
        ),
        ("[participants.p]\nname = 'q'", "unknown setting 'participants.p.name'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, expected: str) -> None:
    """Unknown keys and wrong values name file, line and setting, and what was probably meant."""
    with pytest.raises(Misconfigured) as refusal:
        load(written(text), {})
    assert refusal.value.code == "settings-invalid"
    assert expected in refusal.value.message


def test_a_wrong_secret_is_not_repeated() -> None:
    """A secret that somebody wrote into the file does not reach the message."""
    with pytest.raises(Misconfigured) as refusal:
        load(written(DLP.replace('"env:S"', '"hunter2"')), {})
    assert "hunter2" not in refusal.value.message


def test_a_wrong_variable_is_named() -> None:
    """What the environment sets wrongly names the variable."""
    with pytest.raises(Misconfigured, match="CORRIDOR__KAFKA__BOOTSTRAPP"):
        load(environment={"CORRIDOR__KAFKA__BOOTSTRAPP": "k:1"})


DELIVER = '[participants.d]\nprofile = "dlp.event.v1"\n[participants.d.deliver]\nurl = "https://d.example/"\n'
WEBHOOK = '[participants.dtc]\nprofile = "dtc.note.v1"\n[participants.dtc.webhook]\n'


AUTHORITY = """\
[participants.kz]
profile = "epermit.event.v1"
[participants.kz.authority]
code = "KZ"
title = "Kazakhstan"
keys = [{ id = "1", key = "env:GOOD" }]
token = "env:GOOD"
"""
OAUTH = """\
[participants.d]
profile = "dlp.event.v1"
[participants.d.%s]
url = "https://d.example/"
auth = {kind = "oauth2", token_url = "%s", client_id = "c", client_secret = "env:GOOD"}
# %s
"""
TWO_WEBHOOKS = "".join(
    f'[participants.{name}]\nprofile = "dtc.note.v1"\n[participants.{name}.webhook]\n'
    'secrets = ["env:GOOD"]\npath = "/in"\n'
    for name in ("dtc", "other")
)


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ('[kafka]\nbootstrap = "k1.example:9092"\nplaintext = true', "topics.min_insync"),
        (
            '[kafka]\nbootstrap = "127.0.0.1:1,10.0.0.7:9092"\nplaintext = true\n[topics]\nreplication = 3',
            "topics.min_insync",
        ),
        ('[kafka]\nbootstrap = "k1.example:9092"\n[topics]\nreplication = 3\nmin_insync = 2', "kafka.tls"),
        (WEBHOOK + 'secrets = ["env:GOOD"]\npath = "/metrics"', "participants.dtc.webhook.path"),
        (WEBHOOK + 'secrets = ["env:GOOD"]\npath = "/subjects/x"', "participants.dtc.webhook.path"),
        (TWO_WEBHOOKS, "participants.other.webhook.path"),
        ('[registry]\nurl = "http://r.example"\ntoken = "env:GOOD"', "registry.url"),
        *(
            (AUTHORITY + WEBHOOK + f'bearer = ["env:GOOD"]\npath = "{path}"', "participants.dtc.webhook.path")
            for path in (
                "/epermit/kz/healthcheck",
                "/epermit/kz/internal/permits",
                "/epermit/kz/events/x",
                "/epermit/kz/verify/1",
                "/epermit/kz/authorities",
                "/epermit/kz/internal",
                "/epermit/kz",
            )
        ),
        (
            AUTHORITY + AUTHORITY.replace("kz", "az") + 'path = "/epermit/kz/events"',
            "participants.az.authority.path",
        ),
        *(
            (
                AUTHORITY + f'[participants.kz.authority.peers.AZ]\nurl = "{url}"',
                "participants.kz.authority.peers.AZ.url",
            )
            for url in ("http://az.example", "https://10.0.0.1", "https://[::1]", "https://u:p@az.example")
        ),
        (
            AUTHORITY + '[participants.kz.authority.peers.AZ]\nurl = "https://a.example"\n'
            'egress = {ca_file = "absent"}',
            "participants.kz.authority.peers.AZ.egress.ca_file",
        ),
        *(
            (OAUTH % ("deliver", url, "deliver"), "participants.d.deliver.auth.token_url")
            for url in ("http://t.example", "https://10.0.0.1", "https://u:p@t.example")
        ),
        (OAUTH % ("poll", "https://192.168.0.1", "poll"), "participants.d.poll.auth.token_url"),
        (DELIVER.replace("https://d.example", "https://10.1.2.3"), "participants.d.deliver.url"),
        (DELIVER.replace("https://d.example", "https://169.254.169.254"), "participants.d.deliver.url"),
        (
            DELIVER
            + '[participants.d.deliver.auth]\nkind = "oauth2"\ntoken_url = "http://t.example/"\n'
            + 'client_id = "c"\nclient_secret = "env:GOOD"',
            "participants.d.deliver.auth.token_url",
        ),
        (
            (
                '[kafka]\nbootstrap = "k:1"\n'
                'sasl = {username = "u", mechanism = "PLAIN", password_file = "short"}\n'
                "[topics]\nreplication = 3\nmin_insync = 2"
            ),
            "kafka.sasl.mechanism",
        ),
        ('[gateway]\nhost = "0.0.0.0"', "registry.token"),
        (WEBHOOK, "participants.dtc.webhook"),
        (WEBHOOK + 'secrets = ["env:CORRIDOR_ABSENT"]', "participants.dtc.webhook.secrets[0]"),
        (WEBHOOK + 'bearer = ["file:absent"]', "participants.dtc.webhook.bearer[0]"),
        (WEBHOOK + 'bearer = ["file:open"]', "participants.dtc.webhook.bearer[0]"),
        (WEBHOOK + 'bearer = ["file:short"]', "participants.dtc.webhook.bearer[0]"),
        (
            '[participants.d]\nprofile = "dlp.event.v1"\n[participants.d.deliver]\nurl = "http://d.example/"',
            "participants.d.deliver.url",
        ),
        ('[kafka.sasl]\nusername = "u"', "kafka.sasl.password_file"),
        ('[kafka.sasl]\nusername = "u"\npassword_file = "absent"', "kafka.sasl.password_file"),
        ('[kafka.sasl]\nusername = "u"\npassword_file = "open"', "kafka.sasl.password_file"),
        ('[kafka.tls]\nca = "absent"', "kafka.tls"),
        ('[kafka.tls]\nca = "short"', "kafka.tls"),
        ('[registry]\nurl = "https://r.example"\npassword = "env:CORRIDOR_ABSENT"', "registry.password"),
        ('[registry]\nurl = "https://r.example"\nca_file = "absent"', "registry.ca_file"),
        ('[participants.d]\nprofile = "dlp.event.v2"', "participants.d.profile"),
        ('[participants.d]\nprofile = "corridor.event.v1"', "participants.d.profile"),
        (DELIVER + "batch = 'array'\nmax_batch = 51", "participants.d.deliver.max_batch"),
        (DELIVER + "egress = {ca_file = 'absent'}", "participants.d.deliver.egress.ca_file"),
    ],
)
def test_what_is_unsafe_is_refused(text: str, setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting that would run unsafely is named, alone, and refused."""
    monkeypatch.setenv("GOOD", "y" * 32)
    Path("open").write_text("x" * 32)
    Path("open").chmod(0o644)
    Path("short").write_text("x")
    Path("short").chmod(0o600)
    settings = load(written(text), {})
    assert [risk.setting for risk in unsafe(settings)] == [setting]
    with pytest.raises(Misconfigured) as refusal:
        require_safe(settings)
    assert refusal.value.code == "settings-unsafe"


@pytest.mark.parametrize("path", ["/epermit/kz/other", "/epermit/kzz", "/epermit/az", "/epermit"])
def test_a_path_beside_an_authority_is_free(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies under its path, and is none of its own, may be a webhook's."""
    monkeypatch.setenv("GOOD", "y" * 32)
    assert unsafe(load(written(AUTHORITY + WEBHOOK + f'bearer = ["env:GOOD"]\npath = "{path}"'), {})) == []


def test_a_real_setup_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster with two copies, a secret in a private file and HTTPS is accepted."""
    Path("secret").write_text("x" * 32)
    Path("secret").chmod(0o600)
    monkeypatch.setenv("S", "y" * 32)
    cluster = '[kafka]\nbootstrap = "k:1"\ntls = {}\n[topics]\nreplication = 3\nmin_insync = 2\n'
    require_safe(load(written(cluster + DLP + WEBHOOK + 'secrets = ["file:secret"]'), {}))


GROUPS = [field for field in fields(Settings) if isinstance(field.default, SettingsGroup)]


@pytest.mark.parametrize("group", GROUPS, ids=lambda one: one.name)
def test_one_setting_of_a_group_leaves_the_others_alone(group: FieldInfo) -> None:
    """The default of a group is what its settings have each by itself: a host changes no port."""
    assert group.default == type(group.default)()


def test_every_setting_is_documented() -> None:
    """The reference page has a meaning for each setting there is."""
    undocumented = [setting.address for setting in all_settings() if not setting.doc.strip()]
    assert undocumented == []
    page = settings_reference()
    assert "`participants.<name>.deliver.backoff.give_up`" in page
    assert "`kafka.sasl.password_file`" in page


PERMITS = """\
[participants.permits]
profile = "epermit.event.v1"

[participants.permits.authority]
code = "KZ"
title = "Kazakhstan"
keys = [{ id = "1", key = "env:PERMIT_KEY" }]
token = "env:PERMIT_TOKEN"

[participants.permits.authority.peers.AZ]
url = "%s"
permit_types = "old"
"""


def test_an_authority_and_its_peers_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Peers are tables by code; a plain address, over which keys would come, is refused, and so is no key."""
    monkeypatch.setenv("PERMIT_KEY", "k" * 32)
    monkeypatch.setenv("PERMIT_TOKEN", "t" * 32)
    good = load(written(PERMITS % "https://permits.example.az"), {})
    assert good.peers == {"permits": ("AZ",)}
    assert unsafe(good) == []
    plain = load(written(PERMITS % "http://permits.example.az"), {})
    assert [risk.setting for risk in unsafe(plain)] == ["participants.permits.authority.peers.AZ.url"]
    monkeypatch.delenv("PERMIT_KEY")
    assert [risk.setting for risk in unsafe(good)] == ["participants.permits.authority.keys[0].key"]
    with pytest.raises(Misconfigured, match="permit_types"):
        load(written((PERMITS % "https://x.example").replace('"old"', '"older"')), {})


def test_a_view_that_anybody_could_read_is_refused() -> None:
    """A password in the database's address, or a read API beyond loopback without a login, is not safe."""
    text = '[view]\nhost = "0.0.0.0"\nurl = "postgresql://corridor:hunter2@db.example/view"\n'
    assert [risk.setting for risk in unsafe(load(written(text), {}))] == ["view.url", "view.token"]


@pytest.mark.parametrize(
    ("host", "url", "own"),
    [
        ("127.0.0.1", "http://localhost:8400", True),
        ("0.0.0.0", "http://127.0.0.1:8400", True),
        ("0.0.0.0", "http://gateway:8400", False),
        ("127.0.0.1", "http://localhost:8401", False),
        ("10.0.0.1", "http://10.0.0.1:8400", True),
        ("10.0.0.1", "http://127.0.0.1:8400", False),
    ],
)
def test_a_gateway_knows_its_own_address(host: str, url: str, own: bool) -> None:
    """A gateway whose registry is itself would wait for itself for ever."""
    assert is_own(load(written(f'[gateway]\nhost = "{host}"'), {}), url) is own
