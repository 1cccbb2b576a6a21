"""Known vulnerabilities of the images that Dockerfiles build on, by trivy or grype with data that is on this machine.

Neither an image nor a database is fetched: that is for the user to do. A look-up that was skipped or failed, or whose
data is not here, is not validated; it is never an all-clear.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.validators.base import (
    File,
    Judged,
    Ran,
    Said,
    Unfinished,
    Validator,
    broken,
    clean,
    locate,
    program_version,
    run,
)

_SCANNERS = ("trivy", "grype")
_GRAVE = ("CRITICAL", "HIGH")
_NAMED = 5
_OLD = datetime.timedelta(days=14)


class ImageVulnerabilities(Validator):
    name = "image-vulnerabilities"
    about = "known vulnerabilities of base images that are on this machine"
    aspect = "image vulnerabilities"
    missed = False  # the checklist hands it over where there is no scanner
    get = "install trivy or grype, fetch its database (`trivy image --download-db-only`), and pull or build the image"

    def covers(self, file: File) -> bool:
        return is_dockerfile(file.path)

    def locate(self) -> str | None:
        return next((where for name in _SCANNERS if (where := locate(name))), None)

    def version(self) -> str | None:
        where = self.locate()
        return f"{Path(where).name} {program_version(where)}" if where else None

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        return {file.path: self._judge(file, timeout_s) for file in files}

    def batches(self, files: Sequence[File]) -> Iterable[Sequence[File]]:
        return [[file] for file in files]

    def _judge(self, file: File, timeout_s: float) -> Judged:
        judged = Judged()
        image, line = _base(file.text)
        if not image:
            judged.unjudged = "which image it builds on is not known before it is built; scan the built image"
            return judged
        where = self.locate()
        if where is None:
            raise Unfinished(f"absent: {self.get}")
        data = _data(Path(where).name)
        if data is None:
            raise Unfinished(f"the data of {Path(where).name} is not here: {self.get}")
        ran = _scan(where, image, timeout_s)
        try:
            found = list(_trivy(ran) if Path(where).name == "trivy" else _grype(ran))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unfinished(clean(f"output unreadable: {type(error).__name__}")) from error
        if found:
            names = ", ".join(found[:_NAMED]) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
            said = Said(
                file.path,
                "vulnerable-image",
                "warning",
                line,
                f"{image} has {len(found)} grave vulnerabilities with a fix: {names}",
            )
            hint = "Take a newer version of the image, and rebuild."
            judged.findings.append(self.finding(file, said.rule, said.severity, said.line, said.message, hint))
        age = datetime.datetime.now(datetime.UTC) - data
        judged.unjudged = f"the scanner's data is {age.days} days old" if age > _OLD else ""
        return judged


def _base(text: str) -> tuple[str, int]:
    """The image that the last stage builds on, and its line; empty where an argument or nothing at all decides."""
    stages = {stage.alias.lower(): stage for stage in parse(text).stages if stage.alias}
    last = parse(text).stages[-1:]
    for _ in range(len(stages) + 1):
        if last and last[0].image.lower() in stages and stages[last[0].image.lower()] is not last[0]:
            last = [stages[last[0].image.lower()]]
    if not last or "$" in last[0].image or last[0].image in ("scratch", "") or last[0].image.startswith("-"):
        return "", 0
    return last[0].image, last[0].instruction.line


def _cache(name: str) -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get({"trivy": "TRIVY_CACHE_DIR", "grype": "GRYPE_DB_CACHE_DIR"}[name]) or home / name)


def _data(name: str) -> datetime.datetime | None:
    """When a scanner's database was last written here; null where there is none."""
    pattern = "db/trivy.db" if name == "trivy" else "**/vulnerability.db"
    times = [place.stat().st_mtime for place in _cache(name).glob(pattern)]
    return datetime.datetime.fromtimestamp(max(times), datetime.UTC) if times else None


def _scan(where: str, image: str, timeout_s: float) -> Ran:
    """Raises Unfinished where the scanner did not come to the image's packages."""
    cache = _cache(Path(where).name)
    if Path(where).name == "trivy":
        offline = ["--skip-db-update", "--skip-java-db-update", "--skip-version-check", "--offline-scan"]
        command = [
            where,
            "image",
            "--quiet",
            "--format",
            "json",
            "--scanners",
            "vuln",
            "--image-src",
            "docker,containerd,podman",
        ]
        command += ["--ignore-unfixed", "--cache-dir", str(cache), *offline, image]
    else:
        settings = ["GRYPE_DB_AUTO_UPDATE=false", "GRYPE_CHECK_FOR_APP_UPDATE=false", f"GRYPE_DB_CACHE_DIR={cache}"]
        command = ["env", *settings, where, "--only-fixed", "-o", "json", f"docker:{image}"]
    here = Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108
    ran = run(command, cwd=here, home=here, timeout_s=timeout_s)
    if ran.exit_code:
        raise broken(ran)
    return ran


def _trivy(ran: Ran) -> Iterable[str]:
    report = json.loads(ran.stdout)
    if not report.get("Results"):
        raise Unfinished("the scanner found no packages to look up")
    for result in report["Results"]:
        yield from (
            each["VulnerabilityID"] for each in result.get("Vulnerabilities") or () if each["Severity"] in _GRAVE
        )


def _grype(ran: Ran) -> Iterable[str]:
    for match in json.loads(ran.stdout)["matches"]:
        if match["vulnerability"]["severity"].upper() in _GRAVE:
            yield match["vulnerability"]["id"]


VALIDATORS = (ImageVulnerabilities(),)
