"""Settings: each mistake is a sentence, all of them come at once, and no secret shows."""

import stat
from pathlib import Path

import pytest

from forum.settings import Settings, SettingsError


def read(data: Path, **environ: str) -> Settings:
    return Settings.from_environ({"FORUM_DATA": str(data), **environ})


def test_nothing_set_is_enough(tmp_path: Path) -> None:
    settings = read(tmp_path / "data")

    assert (settings.host, settings.port, settings.base_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert (settings.database_url, settings.database_owner_url, settings.redis_url) == (None, None, None)
    assert (settings.site_name, settings.time_zone.key, settings.pool_size) == (
        "Health CIO Network",
        "Europe/London",
        10,
    )


def test_the_secret_is_made_once_and_kept_to_ourselves(tmp_path: Path) -> None:
    first = read(tmp_path / "data").secret_key

    assert read(tmp_path / "data").secret_key == first
    assert stat.S_IMODE((tmp_path / "data" / "secret_key").stat().st_mode) == 0o600
    assert read(tmp_path / "other").secret_key != first


def test_no_secret_shows(tmp_path: Path) -> None:
    shown = repr(
        read(
            tmp_path,
            DATABASE_URL="postgresql://forum:pa55word@db/forum",
            REDIS_URL="redis://:pa55word@cache",
            SECRET_KEY="pa55word" * 4,
            METRICS_TOKEN="pa55word" * 2,
        )
    )

    assert "pa55word" not in shown


def test_the_owner_is_who_else_would_be(tmp_path: Path) -> None:
    settings = read(tmp_path, DATABASE_URL="postgresql://forum@db/forum", SECRET_KEY="s" * 32)

    assert settings.database_owner_url == settings.database_url


def test_an_empty_variable_is_an_unset_one(tmp_path: Path) -> None:
    assert read(tmp_path, PORT=" ", DATABASE_URL="").port == 8000


def test_the_base_url_is_where_it_listens(tmp_path: Path) -> None:
    assert read(tmp_path, PORT="9000").base_url == "http://127.0.0.1:9000"
    assert read(tmp_path, HOST="192.0.2.7").base_url == "http://192.0.2.7:8000"
    assert read(tmp_path, HOST="::1").base_url == "http://[::1]:8000"
    assert read(tmp_path, HOST="localhost").base_url == "http://localhost:8000"
    assert read(tmp_path, HOST="0.0.0.0").base_url == "http://127.0.0.1:8000"
    assert read(tmp_path, HOST="what:is:this").base_url == "http://127.0.0.1:8000"
    assert read(tmp_path, BASE_URL="https://Forum.example.org/").base_url == "https://forum.example.org"


MISTAKES = {
    "PORT": "eighty",
    "PROCESSES": "0",
    "POOL_SIZE": "-1",
    "BASE_URL": "forum.example.org",
    "HOST": "a b",
    "DATABASE_URL": "mysql://forum:pa55word@db/forum",
    "DATABASE_OWNER_URL": "postgresql:",
    "REDIS_URL": "localhost:6379",
    "SECRET_KEY": "pa55word",
    "TRUSTED_PROXIES": "10.0.0.0/8, proxy",
    "TIME_ZONE": "Europe/Nowhere",
    "SITE_NAME": "two\nlines",
    "LOG_LEVEL": "loud",
    "METRICS_TOKEN": "pa55word",
    "FORUM_DROP_WAKEUPS": "half",
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_a_sentence_that_names_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, **{name: MISTAKES[name]})

    sentence = raised.value.mistakes[0]
    assert sentence.startswith(f"{name} ")
    assert sentence.endswith(".")
    assert "pa55word" not in str(raised.value)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, **MISTAKES)

    assert sorted(sentence.split()[0] for sentence in raised.value.mistakes) == sorted(MISTAKES)


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"DATABASE_OWNER_URL": "postgresql://o@db/forum"}, "DATABASE_OWNER_URL"),
        ({"DATABASE_URL": "postgresql://o@db/forum"}, "SECRET_KEY"),
        ({"PROCESSES": "20", "POOL_SIZE": "50"}, "PROCESSES"),
    ],
)
def test_what_does_not_go_together_is_a_sentence(tmp_path: Path, environ: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, **environ)

    assert [sentence.split()[0] for sentence in raised.value.mistakes] == [name]


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    with pytest.raises(SettingsError, match="FORUM_DATA must be a folder"):
        read(tmp_path / "data")
