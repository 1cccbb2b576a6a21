"""Which model answers a run, and how it is reached: Anthropic's API, or the offline blueprints."""

from __future__ import annotations

from collections.abc import Mapping

from boringops import events as ev
from boringops import limits
from boringops.config import Config
from boringops.executor import Executor
from boringops.facts import Usage
from boringops.front_matter import MODEL_ALIASES
from boringops.models.base import Model
from boringops.persona import Persona
from boringops.repository import Repository

DEFAULT_MODEL = "claude-opus-5-5"
OFFLINE = "offline-blueprints"
CREDENTIALS = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_PROFILE",
    "ANTHROPIC_IDENTITY_TOKEN",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
)


def chosen(settings: Config, who: Persona, env: Mapping[str, str]) -> str:
    """Id of the model that a new task is for: the blueprints where they are asked for, or nobody could pay another."""
    reachable = settings.provider.name != "anthropic" or any(env.get(name) for name in CREDENTIALS)
    if settings.offline or (settings.model is None and not reachable):
        return OFFLINE
    return MODEL_ALIASES.get(settings.model or "", settings.model or who.model or DEFAULT_MODEL)


def built(model_id: str, repository: Repository, executor: Executor) -> Model:
    """The model by its id, ready for the executor's run."""
    if model_id == OFFLINE:
        from boringops_tools.blueprints.offline import OfflineModel

        return OfflineModel(repository.root, repository.files)
    from boringops.models.anthropic import AnthropicModel, ModelSettings

    def on_attempt(kind: str, message: str, wait_s: float | None, usage: Usage) -> None:
        turn = executor.state.turn
        executor.record(ev.ModelAttemptFailed(turn=turn, kind=kind, message=message, wait_s=wait_s, usage=usage))
        if wait_s is not None:
            limits.check_retry(executor.config, executor.state)

    provider = executor.config.provider
    model = AnthropicModel(
        ModelSettings(
            id=model_id,
            provider=provider.name,
            base_url=provider.base_url,
            effort=provider.effort,
            region=provider.region,
            project=provider.project,
            idle_timeout_s=provider.idle_s,
        ),
        on_attempt=on_attempt,
    )
    model.cancel = executor.cancel
    model.warm()
    return model
