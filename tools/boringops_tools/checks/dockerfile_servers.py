"""Servers that an image starts, and that none of its requirements brings."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.images import contexts, started
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

# The program, and the packages that bring it.
_SERVERS = {
    "uvicorn": ("uvicorn", "uvicorn-worker"), "gunicorn": ("gunicorn",), "hypercorn": ("hypercorn",), "granian": ("granian",), "daphne": ("daphne",),
    "waitress-serve": ("waitress",), "uwsgi": ("uwsgi", "uwsgitop"), "celery": ("celery",), "flask": ("flask",), "streamlit": ("streamlit",), "alembic": ("alembic",), "rq": ("rq",),
}  # fmt: skip
_PIP = lazy_pattern(r"\b(?:pip3?|uv pip)\b[^\n&|;]*?\binstall\b([^&|;]*)")
_FILE = lazy_pattern(r"(?<!\S)(?:-r|--requirement(?=[= ]))[= ]?\s*[\"']?([\w./-]+)")
_LINE = lazy_pattern(r"(?m)^([A-Za-z0-9][\w.-]*)(\[[\w, -]+\])?\s*(?:[=<>!~;@ \\#]|$)")
_OPTION = lazy_pattern(r"(?m)^\s*(?:-r|--requirement|-e|--editable|-c|git\+|https?:|\./|\.\s)")


def _missing(files: Files, path: str) -> Iterator[Hit]:
    file = parse(files.text(path))
    stages = file.lineage(file.stages[-1]) if file.stages else []
    place, words = started(stages)
    program = PurePosixPath(words[0]).name if words else ""
    if words[1:3] and program in ("python", "python3") and words[1] == "-m":
        program = words[2]
    runs = [each for stage in file.stages for each in stage.instructions if each.name == "RUN"]
    commands = [match for each in runs for match in _PIP.findall(each.value)]
    base = stages[-1].image if stages else ""
    # What else brings packages: an image that has them, another installer, a package of one's own.
    if (
        place is None
        or program not in _SERVERS
        or not re.match(r"(?:docker\.io/)?(?:library/)?python[:@]", base)
        or not commands
    ):
        return
    if any(
        re.search(
            r"\b(?:poetry|pipenv|pdm|conda|mamba|apt-get|apk|uv sync|pipx|hatch|pip-sync)\b[^&|;]*\b(?:install|sync|add)\b",
            each.value,
        )
        and re.search(rf"\b{program}\b|poetry|pipenv|pdm|conda|uv sync|hatch", each.value)
        for each in runs
    ):
        return
    names: dict[str, bool] = {}
    text = ""
    for arguments in commands:
        read = _FILE.findall(arguments)
        rest = _FILE.sub(" ", arguments)
        if re.search(r"\$|\S*\.whl|\*|(?:^|\s)(?:\.|/|\./|-e)\S*", rest) or "wheel" in arguments:
            return
        names |= {
            re.split(r"[=<>!~\[\"']", each.strip("\"'"))[0].lower(): "[" in each
            for each in rest.split()
            if not each.startswith("-")
        }
        for each in read:
            found = [
                one
                for folder in contexts(path)
                if (one := posixpath.normpath(posixpath.join(folder, each.lstrip("/")))) in files.known
            ]
            found = found or [
                one
                for one in files.by_name.get(posixpath.basename(each), [])
                if len(files.by_name[posixpath.basename(each)]) == 1
            ]
            if not found or _OPTION.search(files.text(found[0])):
                return
            text += files.text(found[0])
            names |= {name.lower(): bool(extras) for name, extras in _LINE.findall(files.text(found[0]))}
    plain = {each.replace("_", "-").replace(".", "-") for each in names}
    # Where hashes are demanded, what is not listed is not installed; else what is listed may bring it.
    whole = "--hash=" in text
    brings = any(names.values()) or plain & {
        "fastapi-cli",
        "mlflow",
        "chainlit",
        "starlette-admin",
        "bentoml",
        "ray",
        "apache-airflow",
        "apache-superset",
        "gradio",
        "litellm",
        "chromadb",
        "nicegui",
        "flask-migrate",
        "connexion",
        "vllm",
        "prefect",
        "mcp",
        "fastmcp",
        "sanic",
        "dash",
        "channels",
        "honcho",
    }
    if (
        text
        and not plain & set(_SERVERS[program])
        and (whole or (program in ("gunicorn", "uvicorn", "hypercorn", "granian", "waitress-serve") and not brings))
    ):
        yield Hit(place.line, f"the image starts `{program}`, and none of the requirements that it installs brings it")


_D = {
    "Dockerfile": 'FROM python:3.14\nCOPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\nCMD ["{}", "a:app"]\n'
}


def _with(requirements: str, program: str = "uvicorn", more: str = "") -> dict[str, str]:
    return {
        "Dockerfile": _D["Dockerfile"].format(program).replace("COPY . .", f"{more}COPY . ."),
        "requirements.txt": requirements,
        "a.py": "app = 1\n",
    }


RULES = (
    Rule("dockerfile/server-missing", "error", "The container ends at once: add what it starts to the requirements.", "pip installs what its requirements name, and with hashes nothing else.", is_dockerfile, _missing,
         bad=(_with("fastapi==0.115.0 \\\n    --hash=sha256:1\n"), {**_with("celery==5.5.3\n", "gunicorn"), "Dockerfile": "FROM python:3.14\nRUN pip install --require-hashes --requirement requirements.txt\nCMD gunicorn a:app\n"}, _with("flask==3.1.2\n", "gunicorn"), _with("starlette==0.46.2\n")),
         good=(_with("fastapi==0.115.0\nuvicorn==0.35.0\n"), _with("uvicorn[standard]==0.35.0\n"), _with("fastapi[standard]==0.115.0\n"), _with("-r base.txt\nfastapi==0.115.0\n"), _with("flask==3.1.2\n", "gunicorn", "RUN pip install gunicorn==23.0.0\n"), _with("flask==3.1.2\n", "python"), _with("flask==3.1.2\n", "gunicorn", "RUN pip install .\n"),
               {**_with("flask==3.1.2\n", "gunicorn"), "Dockerfile": "FROM acme/python-gunicorn:1\nRUN pip install -r requirements.txt\nCMD gunicorn a:app\n"})),
)  # fmt: skip
