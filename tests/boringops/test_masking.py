"""The funnel: what is known is masked however it is written, always by the same mask, and in pieces as in the whole."""

from __future__ import annotations

import base64
import json
import random
import stat
import string
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boringops import events as ev
from boringops.models.base import Delta
from boringops.secrets import Funnel, Streamed
from boringops.watching import Watching


def made(size: int = 24, extra: str = "") -> str:
    rng = random.Random(size)
    return "".join(rng.choices(string.ascii_letters + string.digits, k=size - 2)) + "x7" + extra


PLAIN, SPECIAL, SPACED = made(24), made(20, "&'/+\"ü"), "correct horse battery " + made(9)
KEY = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(made(64 - at) for at in range(6)) + "\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("value", [PLAIN, SPECIAL, SPACED], ids=["plain", "special", "spaced"])
@pytest.mark.parametrize(
    "written",
    [
        lambda value: value,
        lambda value: json.dumps({"x": value}),
        lambda value: json.dumps(json.dumps({"x": value})),
        lambda value: json.dumps({"x": value}, ensure_ascii=False),
        lambda value: quote(value, safe=""),
        quote_plus,
        lambda value: value.encode().hex(),
        lambda value: value.encode().hex().upper(),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
        lambda value: base64.b64encode(f"u:{value}".encode()).decode(),
        lambda value: base64.b64encode(f"user:{value}\n".encode()).decode(),
        lambda value: base64.b64encode(f"ci:{value} and more".encode()).decode(),
        lambda value: value.replace("'", "'\\''"),
    ],
)
def test_a_known_value_is_masked_however_it_is_written(value: str, written: object) -> None:
    assert callable(written)
    text = written(value)
    masked = Funnel({"APP_SECRET": value}).mask_known(f"before {text} after")
    assert "<secret:APP_SECRET>" in masked
    # What stays of it is less than the characters that it shares with its neighbours.
    left = masked.replace("<secret:APP_SECRET>", "")
    assert not any(text[at : at + 8] in left for at in range(4, len(text) - 12) if len(text) < 60)
    assert value not in masked


def test_a_key_is_masked_line_by_line_and_encoded_as_a_whole() -> None:
    funnel = Funnel({"TLS_KEY": KEY})
    for line in KEY.splitlines()[1:-1]:
        assert funnel.mask_known(f"+{line}") == "+<secret:TLS_KEY>"
    wrapped = base64.encodebytes(KEY.encode()).decode()  # as `base64` prints it, 76 characters a line
    assert [line for line in funnel.mask_known(wrapped).splitlines() if len(line) > 40] == []


@pytest.mark.parametrize("at", range(0, 60, 7))
def test_a_value_that_goes_over_the_end_of_an_encoded_line_is_masked(at: int) -> None:
    around = f"{'a' * at}{PLAIN}{'z' * 99}".encode()
    hexed = "\n".join(around.hex()[start : start + 60] for start in range(0, len(around) * 2, 60))
    funnel = Funnel({"APP_SECRET": PLAIN})
    for text in (hexed, base64.encodebytes(around).decode().strip()):
        masked = funnel.mask_json({"a": f"first\n{text}\n"})["a"]
        assert masked.startswith("first\n") and masked.count("<secret:APP_SECRET>") == 1


def test_a_mask_stays_what_it_is_when_a_later_process_meets_the_values_in_another_order(tmp_path: Path) -> None:
    first = Funnel({"DB_PASSWORD": made(20)}, masks=tmp_path / "masks")
    assert first.learn("DB_PASSWORD", made(21)) == "<secret:DB_PASSWORD-2>"
    later = Funnel({"DB_PASSWORD": made(22)}, masks=tmp_path / "masks")
    assert later.mask_known(made(22)) == "<secret:DB_PASSWORD-3>"
    assert later.learn("DB_PASSWORD", made(21)) == "<secret:DB_PASSWORD-2>"
    assert later.learn("DB_PASSWORD", made(20)) == "<secret:DB_PASSWORD>"
    held = (tmp_path / "masks").read_text()
    assert not any(made(size) in held for size in (20, 21, 22))
    assert stat.S_IMODE((tmp_path / "masks").stat().st_mode) == 0o600


@pytest.mark.parametrize("torn", [b"", b"12", b"\xff\xfe", b"\n\n\n"])
def test_masks_that_a_crash_tore_stop_nothing(tmp_path: Path, torn: bytes) -> None:
    file = tmp_path / "masks"
    Funnel({"DB_PASSWORD": made(20)}, masks=file)
    file.write_bytes(file.read_bytes()[:-3] + torn if torn else b"")
    assert Funnel({"DB_PASSWORD": made(20)}, masks=file).mask(made(20)) == "<secret:DB_PASSWORD>"
    assert Funnel({"DB_PASSWORD": made(20)}, masks=tmp_path / "none/masks").mask(made(20)) == "<secret:DB_PASSWORD>"


CREDENTIALS = {
    ".aws/credentials": f"[default]\naws_access_key_id = AKIA{'A2B3C4D5' * 2}\naws_secret_access_key = {made(40)}\n",
    ".config/gcloud/application_default_credentials.json": json.dumps(
        {"client_secret": made(41), "refresh_token": made(42), "type": "authorized_user", "private_key": KEY}
    ),
    ".azure/msal_token_cache.json": json.dumps({"RefreshToken": {"a": {"secret": made(43)}}}),
    ".netrc": f"machine api.acme.io\n  login me\n  password {made(10)}\n",
    ".npmrc": f"//registry.acme.io/:_authToken={made(36)}\n//r2/:_password={base64.b64encode(made(11).encode()).decode()}\n",
    ".docker/config.json": json.dumps(
        {"auths": {"r.acme.io": {"auth": base64.b64encode(f"ci:{made(12)}".encode()).decode()}}}
    ),
    ".kube/config": f"users:\n- name: ci\n  user:\n    token: {made(44)}\n    client-key-data: "
    f"{base64.b64encode(KEY.encode()).decode()}\n",
    ".pypirc": f"[pypi]\nusername = __token__\npassword = {made(13)}\n",
    ".git-credentials": f"https://me:{made(14)}@git.acme.io\n",
    ".vault-token": made(26),
    ".pgpass": f"db.acme.io:5432:*:app:{made(15)}\n",
    ".ssh/id_work": KEY,
    ".terraform.d/credentials.tfrc.json": json.dumps({"credentials": {"app.terraform.io": {"token": made(45)}}}),
}


def test_what_tools_keep_in_the_home_folder_is_known(tmp_path: Path) -> None:
    for path, text in CREDENTIALS.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    funnel = Funnel({"HOME": str(tmp_path)})
    sizes = [10, 11, 12, 13, 14, 15, 26, 36, 40, 41, 42, 43, 44, 45]
    assert [size for size in sizes if made(size) in funnel.mask_known(f"it is {made(size)}.")] == []
    assert KEY.splitlines()[2] not in funnel.mask_known(KEY)
    assert (
        funnel.mask_known("authorized_user __token__ me ci db.acme.io") == "authorized_user __token__ me ci db.acme.io"
    )


def test_a_variable_says_where_a_credential_file_is(tmp_path: Path) -> None:
    (tmp_path / "one").write_text(f"users:\n- user:\n    token: {made(30)}\n")
    (tmp_path / "two").write_text(f"users:\n- user:\n    password: {made(31)}\n")
    funnel = Funnel({"KUBECONFIG": f"{tmp_path}/one:{tmp_path}/two:{tmp_path}/none"})
    assert made(30) not in funnel.mask_known(made(30)) and made(31) not in funnel.mask_known(made(31))


def test_an_env_file_out_of_history_is_read_as_one() -> None:
    funnel = Funnel()
    funnel.learn_env(f"commit 1234\n--- a/.env\n+++ b/.env\n-OPAQUE={made(18)}\n+PORT=8080\n name = {made(19)}\n")
    assert funnel.mask_known(f"{made(18)} 8080 {made(19)}") == f"<secret:OPAQUE> 8080 {made(19)}"


def test_a_reply_loses_known_values_but_never_what_is_signed() -> None:
    funnel = Funnel({"API_TOKEN": PLAIN})
    reply = [
        {"type": "thinking", "thinking": f"perhaps {PLAIN}", "signature": f"s{PLAIN}"},
        {"type": "text", "text": f"It is {PLAIN}."},
        {"type": "tool_use", "id": "t", "name": "Write", "input": {"content": [f"A={PLAIN}"], "password": made(14)}},
    ]
    thinking, text, call = funnel.mask_reply(reply)
    assert thinking == reply[0]
    assert (text["text"], call["input"]["content"]) == ("It is <secret:API_TOKEN>.", ["A=<secret:API_TOKEN>"])
    assert call["input"]["password"] == made(14)  # its own making: for the checks to judge
    assert PLAIN not in json.dumps(funnel.mask_reply(reply, thinking=True))
    assert funnel.mask_reply(reply[:0]) == []


TEXT = f"""Set DB_PASSWORD={made(17)} first.
  api_key: "{made(33)}" # and {PLAIN}
Then {SPACED} and https://app:{made(16)}@db.acme.io/x, done. correct horse it is not.
"""


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=40))
def test_a_text_that_comes_in_pieces_is_masked_like_the_whole(cuts: list[int]) -> None:
    known = {"API_TOKEN": PLAIN, "PASSPHRASE": SPACED}
    streamed, places = Streamed(Funnel(known)), [0, *sorted(cuts), len(TEXT)]
    shown = "".join(streamed.take(TEXT[start:end]) for start, end in pairwise(places))
    assert shown + streamed.end() == Funnel(known).mask(TEXT)


def test_a_screen_is_shown_whole_words_and_all_of_them_before_the_next_event() -> None:
    shown: list[str] = []
    watching = Watching(Funnel({"API_TOKEN": PLAIN}), lambda _: shown.append("event"), lambda d: shown.append(d.text))
    for piece in ("The tok", "en is ", PLAIN[:9], PLAIN[9:], ", I"):
        watching.delta(Delta("text", piece))
    assert "".join(shown) == "The token is <secret:API_TOKEN>, "
    watching.delta(Delta("retry", f"failed with {PLAIN}"))
    watching.delta(Delta("thinking", "hm"))
    watching.event(ev.PhaseEntered(phase="plan"))
    assert shown[-4:] == ["I", "failed with <secret:API_TOKEN>", "hm", "event"]
