"""Tests of Terraform configurations, by `terraform test`, where mocks stand for every provider."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Ran, Said, Unjudged, broken, clean, installed
from boringops_tools.validators.projects import Project
from boringops_tools.validators.terraform import EXTRA, STUB, InFolder, Terraform, commands

_SUFFIX = ".tftest.hcl"
_FOLDER = "tests"
_MOCKED = lazy_pattern(r"(?m)^\s*mock_provider\s+\"([\w-]+)\"")
# What would run commands or reach further than a mock: `check` does neither.
_REACHES = lazy_pattern(r"\b(?:provisioner|terraform_remote_state)\b")
_OF_ITS_OWN = lazy_pattern(r"\b(?:module|backend)\b[^={\n]*\{")


class TerraformTest(Project):
    name = "terraform-test"
    about = "tests of Terraform configurations with mock providers (*.tftest.hcl)"
    aspect = "terraform tests"
    get = f"install terraform and {EXTRA}"
    whole = False

    def covers(self, file: File) -> bool:
        return file.path.endswith(_SUFFIX)

    def locate(self) -> str | None:
        return Terraform().locate() if installed(STUB) else None

    def version(self) -> str | None:
        return Terraform().version()

    def home(self, file: File) -> PurePosixPath:
        folder = PurePosixPath(file.path).parent
        return folder.parent if folder.name == _FOLDER else folder

    def belonging(self, root: Path, home: PurePosixPath) -> Iterable[PurePosixPath]:
        yield from Terraform().belonging(root, home)
        for folder in (home, home / _FOLDER):
            yield from (folder / place.name for place in sorted((root / folder).glob(f"*{_SUFFIX}")))

    def judge(self, copy: Path, home: PurePosixPath, timeout_s: float) -> Iterable[Said | Unjudged]:
        from boringops_tools.terraform.configuration import prepare

        made = prepare(copy, home)
        tests = {
            str(place.relative_to(copy)): place.read_text("utf-8", "replace")
            for place in sorted((copy / home).rglob(f"*{_SUFFIX}"))
        }
        configuration = "\n".join(text for folder in made.folders.values() for text in folder.texts.values())
        names = {source: source.rpartition("/")[2] for source in made.users if source != "hashicorp/terraform"}
        for folder in made.folders.values():
            names |= {source: name for name, source in folder.sources.items() if source in made.users}
        reasons = [
            ("it would run commands or read another configuration's state", _REACHES.search(configuration)),
            ("modules from elsewhere are not here", made.unknown_modules),
            ("what JSON files would run is not looked at", next(copy.rglob("*.tf.json"), None)),
        ]
        why = [reason for reason, there in reasons if there]
        for path, text in tests.items():
            real = sorted(set(names.values()) - set(_MOCKED.findall(text)))
            mine = [*why, *([f"no mock stands for {', '.join(real)}"] if real else [])]
            mine += ["it has a module or a backend of its own"] if _OF_ITS_OWN.search(text) else []
            if mine:
                yield Unjudged(path, f"terraform test was not run: {'; '.join(mine)}")
                continue
            filtered = PurePosixPath(path).relative_to(home)
            terraform = InFolder(next(iter(commands())), copy, home, made, timeout_s)
            yield from _said(path, terraform("test", "-json", "-no-color", f"-filter={filtered}"))


def _said(path: str, ran: Ran) -> Iterator[Said | Unjudged]:
    """A failure is no finding: attributes that nobody set have a mock's values, of which a table of typings knows less
    than a provider does."""
    lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    if not any(each.get("type") == "test_summary" for each in lines):
        raise broken(ran)
    wrong = [each["diagnostic"] for each in lines if each.get("type") == "diagnostic" and each["@level"] == "error"]
    if wrong or ran.exit_code:
        said = "; ".join(f"{each['summary']}: {each.get('detail', '')}" for each in wrong[:3])
        yield Unjudged(path, clean(f"it fails with mocks of stand-in providers, run it with the real ones: {said}"))


VALIDATORS = (TerraformTest(),)
