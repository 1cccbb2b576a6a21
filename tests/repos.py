"""Small git repositories for tests, made for each test anew."""

from __future__ import annotations

import subprocess
from pathlib import Path

MEMORY = {
    "memory-bank/techContext.md": "# Tech context\n\nPython 3.13, Flask, no infrastructure yet.\n",
    "memory-bank/systemPatterns.md": "# System patterns\n\nOne process, started by hand.\n",
    "memory-bank/activeContext.md": "# Active context\n\nGoing to production.\n",
}
FLASK = {
    "app.py": 'import os\n\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get("/healthz")\ndef health():\n'
    '    return {"level": os.environ.get("LOG_LEVEL", "info")}\n',
    "requirements.txt": "flask==3.1.2\ngunicorn==23.0.0\n",
    "README.md": "# Shop\n\nSells things.\n",
}


def git(root: Path, *arguments: str) -> str:
    """Run git as somebody, without the machine's own configuration."""
    identity = ["-c", "user.name=Tester", "-c", "user.email=tester@localhost", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


def make_repo(root: Path, files: dict[str, str] | None = None, *, commit: bool = True) -> Path:
    """A repository with these files (default: a Flask application with a memory bank), committed."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch", "main")
    for path, text in ({**FLASK, **MEMORY} if files is None else files).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    if commit:
        git(root, "add", ".")
        git(root, "commit", "--quiet", "--allow-empty", "--message", "Begin")
    return root
