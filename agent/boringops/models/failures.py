"""What a failed call means: which kind of failure it is, whether another attempt can help, and what the user can do.

The SDK's exceptions do not answer that by themselves: an error inside a stream comes with status 200, a socket that
drops mid-stream raises the HTTP library's exception, and a `retry-after` has no upper limit.
"""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from boringops.errors import ModelError
from boringops.models.wire import BrokenStream

HINTS = {
    "authentication": "Set ANTHROPIC_API_KEY, or go without a model: --offline.",
    "permission": "The key may not use this model or feature; whoever administers the workspace can allow it.",
    "billing": "Look at the account's plan and credit.",
    "not_found": "Check the model id and the base URL; `opus`, `sonnet` and `haiku` always name a current model.",
    "rate_limit": "Go on later with `boringops resume`; nothing that was paid for is lost.",
    "overloaded": "Go on later with `boringops resume`; nothing that was paid for is lost.",
    "network": "Check the connection, the proxy settings and the base URL.",
    "timeout": "Check the connection, or allow a call more time (deadline_s, idle_s).",
    "context": "The conversation is longer than the model can read. Start a new run with a smaller task.",
    "too_large": "The request is larger than the API takes. Start a new run with a smaller task.",
    "stream": "Something between here and the API changes its answers; check the base URL and proxies.",
}

_BY_TYPE = {
    "authentication_error": "authentication",
    "permission_error": "permission",
    "billing_error": "billing",
    "not_found_error": "not_found",
    "rate_limit_error": "rate_limit",
    "request_too_large": "too_large",
    "invalid_request_error": "invalid_request",
    "timeout_error": "timeout",
    "overloaded_error": "overloaded",
    "api_error": "overloaded",
}
_BY_STATUS = {
    400: "invalid_request",
    401: "authentication",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "timeout",
    409: "overloaded",
    413: "too_large",
    422: "invalid_request",
    429: "rate_limit",
    504: "timeout",
}
_RETRIED_STATUS = {408, 409, 429}
_RETRIED_IN_STREAM = {"rate_limit", "overloaded", "timeout"}
_OVERFLOW = ("prompt is too long", "exceed context limit")


@dataclass(frozen=True)
class Failure:
    """One failed attempt."""

    kind: str
    message: str
    retry: bool
    wait_s: float | None = None
    """How long the server asks to wait before the next attempt."""
    hint: str = ""

    def error(self, hint: str = "") -> ModelError:
        """The failure as the run's error, once no other attempt is made."""
        return ModelError(self.message, kind=self.kind, hint=hint or self.hint or HINTS.get(self.kind, ""))


# Says nothing of the header's text: it may be the key.
_UNSENDABLE = Failure("authentication", "A header, likely the API key, has a character that cannot be sent.", False)


def failure(error: Exception) -> Failure | None:
    """What an exception of an attempt means; None where it is none of the API's and has to go up as it is."""
    # Loaded already where such an exception exists; importing it at the top would cost every start over a second.
    import anthropic
    import httpx2

    match error:
        case anthropic.APIStatusError():
            return _status(error)
        case anthropic.APITimeoutError() | httpx2.TimeoutException():
            return Failure("timeout", "The API did not answer in time.", retry=True)
        case anthropic.APIConnectionError() | httpx2.TransportError():
            return _connection(error)
        case BrokenStream():
            return Failure("stream", str(error), retry=True)
        case json.JSONDecodeError() | UnicodeDecodeError():
            return Failure("stream", "The stream has an event that is not JSON.", retry=True)
        case UnicodeEncodeError():
            return _UNSENDABLE
        case TypeError() if "authentication method" in str(error):
            return Failure("authentication", "No credential for the API was found.", retry=False)
        case ImportError():
            hint = "Install boringops[bedrock] or boringops[vertex], whichever the provider needs."
            return Failure("unknown", f"A library for this provider is missing: {error.name}.", False, hint=hint)
        case anthropic.AnthropicError():
            return Failure("authentication", str(error), retry=False)
    return None


def _status(error: object) -> Failure:
    import anthropic

    assert isinstance(error, anthropic.APIStatusError)  # noqa: S101 - for the type checker; `failure` made sure
    status, headers = error.status_code, error.response.headers
    kind = _BY_TYPE.get(error.type or "") or _BY_STATUS.get(status) or ("overloaded" if status >= 500 else "unknown")
    message = error.api_message or f"HTTP {status}: {str(error.body)[:200]}"
    if kind == "invalid_request" and any(words in message for words in _OVERFLOW):
        kind = "context"
    in_stream = status < 400
    retry = kind in _RETRIED_IN_STREAM if in_stream else status >= 500 or status in _RETRIED_STATUS
    if (said := headers.get("x-should-retry")) in ("true", "false") and not in_stream:
        retry = said == "true"
    if error.request_id:
        message += f" (request {error.request_id})"
    return Failure(kind, message, retry, None if in_stream else asked_wait(headers))


def _connection(error: Exception) -> Failure:
    import httpx2

    cause = error.__cause__ or error
    if isinstance(cause, httpx2.LocalProtocolError):
        return _UNSENDABLE
    if "CERTIFICATE_VERIFY_FAILED" in str(cause):
        hint = "Install the system's CA certificates, and your proxy's if it has one of its own."
        return Failure("network", f"The API's certificate is not trusted: {cause}", False, hint=hint)
    return Failure("network", f"The connection failed: {cause or type(cause).__name__}", retry=True)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a response asks to wait, by `retry-after-ms` or by `retry-after` in seconds or as a date."""
    for name, seconds in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * seconds)
        except (KeyError, ValueError):
            continue
    try:
        return max(0.0, email.utils.parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError):
        return None
