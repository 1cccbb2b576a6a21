"""Shell lines that build an image once and move it on by digest, the same under every CI system.

They run in POSIX shells that stop at the first failure, with `docker` and its buildx."""

from __future__ import annotations

import shlex

from boringops_tools.blueprints import contract
from boringops_tools.stack.facts import Application


def builder() -> list[str]:
    """A builder that can attach an SBOM and provenance; a context, because the daemon may be reached by TLS."""
    return ["docker context create builder", "docker buildx create --use builder"]


def builder_once() -> list[str]:
    """The same on a machine that is kept, where the builder may be there already."""
    return [
        "docker buildx inspect boringops > /dev/null 2>&1 || docker buildx create --name boringops",
        "docker buildx use boringops",
    ]


def login(registry: str, user: str, password: str) -> list[str]:
    """Log in, the password by standard input. The arguments are names of variables."""
    return [f'printf %s "${password}" | docker login --username "${user}" --password-stdin "${registry}"']


def logout(registry: str) -> str:
    """Forget the password when the shell ends, on a machine that is kept."""
    return f"""trap 'docker logout "${registry}"' EXIT"""


def name(prefix: str, app: Application | None, *, many: bool) -> str:
    """Sets `image`: the images of several applications stand below one prefix."""
    return f'image="{prefix}/{app.name}"' if many and app else f'image="{prefix}"'


def try_build(app: Application) -> list[str]:
    """Build without publishing anything."""
    return [f"docker build{_file(app)}{_arguments(app)} {shlex.quote(app.context or '.')}"]


def publish(app: Application, commit: str) -> list[str]:
    """Build and push the commit's image. No cache of other runs: nothing they left gets into what is published."""
    return [
        "docker buildx build --push --provenance=mode=max --sbom=true"
        f' --tag "$image:sha-{commit}" --build-arg REVISION="{commit}"{_arguments(app)}{_file(app)} '
        f"{shlex.quote(app.context or '.')}"
    ]


def promote(what: str, commit: str, *tags: str, deploys: bool = False) -> list[str]:
    """Give the commit's image further tags. Fails where that commit's image was never built on the trunk.

    Where something `deploys`, what comes next does, and finds the image's digest in `$digest`."""
    named = " ".join(f'--tag "$image:{tag}"' for tag in tags)
    promoted = [
        f"""digest="$(docker buildx imagetools inspect "$image:sha-{commit}" --format '{{{{.Manifest.Digest}}}}')\"""",
        f'docker buildx imagetools create {named} "$image@$digest"',
    ]
    if deploys:
        return [*promoted, f'echo "{what}: $image@$digest"']
    return [
        *promoted,
        f'echo "{what}: $image@$digest. Ready to be deployed by digest; no target is known here, so nothing was deployed."',
    ]


def roll_back(digest: str = "ROLLBACK_DIGEST", *, deploys: bool = False) -> list[str]:
    """Make an image that was built before the production one again. `digest` is a variable's name."""
    refuse = f'echo "{digest} has to be sha256: and 64 digits." >&2; exit 1'
    told = f'echo "Production is $image@${digest} again. Deploy that digest; data and schema stay as they are."'
    return [
        f"""printf %s "${digest}" | grep -Eq '^sha256:[0-9a-f]{{64}}$' || {{ {refuse}; }}""",
        f'docker buildx imagetools create --tag "$image:production" "$image@${digest}"',
        *([] if deploys else [told]),
    ]


def _file(app: Application) -> str:
    return f" --file {shlex.quote(app.path('Dockerfile'))}" if app.folder or app.dockerfile != "Dockerfile" else ""


def _arguments(app: Application) -> str:
    """What a bundler writes into the image; the values are variables of the CI system."""
    return "".join(f" --build-arg {name}" for name in contract.built(app))
