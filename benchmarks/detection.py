"""What detection costs on a generated monorepo of 5,000 files, against listing it and reading its manifests.

    python benchmarks/detection.py

Both sides are measured in the same run, in processor time; nothing here asserts.
"""

# ruff: noqa: E501 - sources in a line each

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from boringops_tools.stack import detect

FILES = 5000
APPLICATIONS = 12
MANIFESTS = (
    "package.json",
    "pyproject.toml",
    "go.mod",
    "uv.lock",
    "package-lock.json",
    "go.sum",
    ".env.example",
    "Dockerfile",
    "Makefile",
)


def monorepo(root: Path) -> None:
    """Services in three languages, and around them what a real one has: components, pages, packages, documents."""
    for number in range(APPLICATIONS):
        base = root / f"services/s{number:02}"
        for name, text in (_node, _python, _go)[number % 3](number).items():
            _write(base / name, text)
    made = sum(1 for path in root.rglob("*") if path.is_file())
    for number in range(FILES - made):
        base = root / f"services/s{number % APPLICATIONS:02}"
        kind = number // APPLICATIONS % 5
        name, text = (
            (f"docs/page{number}.md", "# A page\n\nText.\n" * 10),
            (f"assets/a{number}.svg", "<svg/>\n" * 30),
            (f"src/components/c{number}.css", ".a { color: red }\n" * 20),
            (f"locales/l{number}.json", '{"a": "b"}\n'),
            (f"data/d{number}.sql", "SELECT 1;\n" * 20),
        )[kind]
        _write(base / name, text)
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _node(number: int) -> dict[str, str]:
    return {
        "package.json": f'{{"name": "n{number}", "scripts": {{"start": "node server.js"}}, "dependencies": {{"express": "5", "pg": "8"}}}}',
        "package-lock.json": '{"packages": {'
        + ",".join(f'"node_modules/p{n}": {{"version": "1"}}' for n in range(400))
        + "}}",
        "server.js": f"const app = require('express')();\napp.get('/healthz', (q, r) => r.end());\napp.listen(process.env.PORT || {3000 + number});\n",
    }


def _python(number: int) -> dict[str, str]:
    return {
        "pyproject.toml": f'[project]\nname = "p{number}"\nrequires-python = ">=3.12"\ndependencies = ["fastapi", "uvicorn"]\n',
        "uv.lock": '[[package]]\nname = "x"\nversion = "1"\n' * 150,
        "main.py": "import os\nfrom fastapi import FastAPI\n\napp = FastAPI()\nmode = os.environ['MODE']\n\n\n@app.get('/healthz')\ndef health():\n    return 1\n",
    }


def _go(number: int) -> dict[str, str]:
    return {
        "go.mod": f"module example.org/g{number}\n\ngo 1.25\n\nrequire github.com/gin-gonic/gin v1.10.0\n",
        "go.sum": "github.com/gin-gonic/gin v1.10.0 h1:x\n" * 100,
        "main.go": 'package main\n\nimport (\n\t"net/http"\n\t"os"\n)\n\nfunc main() {\n\t_ = os.Getenv("MODE")\n\thttp.ListenAndServe(":8080", nil)\n}\n',
    }


def listed(root: Path) -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def manifests(root: Path) -> list[str]:
    """Listing the repository, and reading every manifest of it."""
    files = listed(root)
    return [(root / path).read_text(encoding="utf-8") for path in files if path.rpartition("/")[2] in MANIFESTS]


def cost(act: Callable[[], object], repeat: int = 20) -> float:
    """Seconds of processor time a run, that of the processes it starts included: what else runs does not count."""

    def spent() -> float:
        return sum(os.times()[:4])

    began = spent()
    for _ in range(repeat):
        act()
    return (spent() - began) / repeat


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        monorepo(root)
        files = listed(root)
        found = detect(root, files)
        base, took = cost(lambda: manifests(root)), cost(lambda: detect(root, files))
        print(f"{len(files)} files, {len(found.deployable)} applications")
        print(f"git ls-files and reading the manifests  {base * 1000:8.1f} ms")
        print(f"detection                               {took * 1000:8.1f} ms   {took / base:5.2f} x")


if __name__ == "__main__":
    main()
