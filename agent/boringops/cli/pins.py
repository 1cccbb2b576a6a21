"""`boringops pins show|refresh`: what drafted files are pinned to, and bringing that up to date."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boringops.cli import options as opt
from boringops.cli.output import fail, say

if TYPE_CHECKING:
    from boringops_tools.blueprints.pins import Own

app = typer.Typer(
    help="Show what drafted files are pinned to, and bring it up to date.", no_args_is_help=True, rich_markup_mode=None
)


@app.command()
def show(repo: opt.Repo = Path(), output: opt.Format = opt.Output.text) -> None:
    """Show the pins in force: the table that comes along, and the repository's own before it."""
    from boringops.errors import BoringopsError
    from boringops.repository import Repository
    from boringops_tools.blueprints import pins

    try:
        root = Repository(repo).root
        with pins.of(root):
            own = pins.read_own(root)
            as_of, age, actions, images = pins.as_of(), pins.age_days(), pins.known_actions(), pins.known_images()
    except BoringopsError as error:
        fail(error)
    stale = age > pins.STALE_DAYS
    if output is not opt.Output.text:
        told = {
            "as_of": as_of, "age_days": age, "stale": stale, "table_as_of": pins.table_as_of(),
            "file": pins.OWN if (root / pins.OWN).is_file() else None,
            "actions": {name: pin.model_dump() | {"own": name in own.actions} for name, pin in actions.items()},
            "images": {reference: own.images.get(reference) for reference in images},
        }  # fmt: skip
        say(json.dumps(told))
        return
    lines = [f"As of {as_of}, {age} days ago." + (" Old: run `boringops pins refresh`." if stale else ""), ""]
    lines += [
        f"{name} {pin.version} {pin.sha}{' (own)' if name in own.actions else ''}" for name, pin in actions.items()
    ]
    lines += ["", *(f"{reference} {own.images.get(reference, 'by tag')}" for reference in images)]
    say("\n".join(lines))


@app.command()
def refresh(
    every: Annotated[bool, typer.Option("--all", help="The whole table, not only what this repository uses.")] = False,
    mirror: Annotated[
        str, typer.Option("--mirror", metavar="URL", help="A registry to ask instead of the images' own.")
    ] = "",
    repo: opt.Repo = Path(),
    output: opt.Format = opt.Output.text,
) -> None:
    """Resolve tags to commits and digests over the network, and write them to .boringops/pins.json.

    GitHub's API is asked at GITHUB_API_URL, with GITHUB_TOKEN where it is set. What cannot be resolved keeps the pin it
    has, and the exit code is 5."""
    from boringops.errors import BoringopsError, Incomplete
    from boringops.repository import Repository
    from boringops_tools.blueprints import pin_refresh, pins

    try:
        repository = Repository(repo)
        root = repository.root
        with pins.of(root):
            own = pins.read_own(root)
            actions, images = pins.known_actions(), pins.known_images()
            if not every:
                text = _in_use(root, repository.files())
                actions = {name: pin for name, pin in actions.items() if f"{name}@" in text}
                images = [reference for reference in images if reference in text]
        sources = pin_refresh.Sources(
            github=os.environ.get("GITHUB_API_URL") or pin_refresh.GITHUB,
            token=os.environ.get("GITHUB_TOKEN", ""),
            mirror=mirror,
        )
        found = pin_refresh.refresh(actions, images, sources)
        if found.actions or found.images:
            _write(root, own, found.actions, found.images, complete=not found.failed)
    except BoringopsError as error:
        fail(error)
    changed = [name for name, pin in found.actions.items() if pin != actions[name]]
    changed += [reference for reference, digest in found.images.items() if own.images.get(reference) != digest]
    if output is opt.Output.text:
        lines = [f"{name} {pin.version} {pin.sha}" for name, pin in sorted(found.actions.items())]
        lines += [f"{reference} {digest}" for reference, digest in sorted(found.images.items())]
        lines += [f"! {remark}" for remark in sorted(found.remarks)]
        lines += [f"{len(changed)} of {len(actions) + len(images)} pins changed."]
        say("\n".join(lines))
    else:
        told = {
            "changed": sorted(changed), "failed": found.failed, "remarks": sorted(found.remarks),
            "actions": {name: pin.model_dump() for name, pin in sorted(found.actions.items())},
            "images": dict(sorted(found.images.items())), "file": pins.OWN,
        }  # fmt: skip
        say(json.dumps(told))
    if found.failed:
        reasons = "; ".join(f"{name}: {why}" for name, why in sorted(found.failed.items())[:5])
        fail(
            Incomplete(
                f"{len(found.failed)} of {len(actions) + len(images)} pins could not be resolved, and stay as they are: {reasons}",
                hint="Is there a network? GITHUB_TOKEN raises GitHub's limit; --mirror names another registry.",
                kind="network",
            )
        )


def _in_use(root: Path, files: list[str]) -> str:
    """The text of what is drafted for the repository, and of the files it has that name images and actions."""
    from boringops_tools.blueprints import draft

    named = [
        path for path in files if path.endswith((".yml", ".yaml")) or "Dockerfile" in path or "Jenkinsfile" in path
    ]
    texts = [file.content for file in draft(root, files).files]
    for path in named:
        place = root / path
        if place.is_file() and not place.is_symlink():
            texts.append(place.read_text(encoding="utf-8", errors="replace"))
    return "\n".join(texts)


def _write(root: Path, own: Own, actions: dict, images: dict, *, complete: bool) -> None:  # type: ignore[type-arg]
    """What was found over what was there. The date only moves when everything was found."""
    from boringops import files
    from boringops_tools.blueprints import pins

    day = datetime.now(UTC).date() if complete else own.as_of
    kept = pins.Own(as_of=day, actions=own.actions | actions, images=own.images | images)
    told = kept.model_dump(mode="json", exclude_none=True)
    told["actions"], told["images"] = dict(sorted(told["actions"].items())), dict(sorted(told["images"].items()))
    path = root / pins.OWN
    if path.parent.is_symlink() or path.is_symlink():
        from boringops.errors import UsageError

        raise UsageError(f"{pins.OWN} is a link; pins are written to no other place.")
    path.parent.mkdir(exist_ok=True)
    files.replace(path, (json.dumps(told, indent=2) + "\n").encode(), None, path.parent)
