"""Every error that Baton raises on purpose, as one tree.

BotError
├── ConfigError
├── DomainError
│   ├── InvalidTransition
│   ├── UnknownConversation
│   ├── NotFound
│   ├── Conflict
│   │   └── OtherCustomer
│   ├── NotPermitted
│   ├── NotSignedIn
│   │   └── IdentityRefused
│   ├── InvalidInput
│   │   ├── TooLarge
│   │   ├── UnknownFile
│   │   └── UnsupportedFile
│   └── TooManyRequests
├── ChannelError
│   ├── PayloadRejected
│   ├── PayloadUnsupported
│   ├── FetchFailed
│   └── DeliveryFailed
├── EngineError
│   ├── EngineUnavailable
│   ├── EngineReplyInvalid
│   ├── TurnFailed
│   └── TurnDied
└── StoreError

`code`, `http_status` and `public_message` may be shown to anybody; `detail` is for the log only.
"""

from __future__ import annotations

from typing import Any, ClassVar


class BotError(Exception):
    """Something that Baton refuses or cannot do."""

    code: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 500
    public_message: ClassVar[str] = "Something went wrong on our side."

    def __init__(self, message: str | None = None, **fields: Any) -> None:
        """Keep `message` for the reader and `fields` as structured facts."""
        super().__init__(message or self.public_message)
        self.message = message or self.public_message
        self.fields = fields


class ConfigError(BotError):
    """The settings do not allow a start; the message names every problem."""

    code = "config"


class DomainError(BotError):
    """A request that the rules do not allow."""

    code = "refused"
    http_status = 400
    public_message = "That is not possible."


class InvalidTransition(DomainError):
    """The conversation's present owner does not allow this step (fields: owner, assignee)."""

    code = "not_owner"
    http_status = 409
    public_message = "The conversation is not in a state that allows this."


class UnknownConversation(DomainError):
    """There is no such conversation."""

    code = "unknown_conversation"
    http_status = 404
    public_message = "There is no such conversation."


class NotFound(DomainError):
    """There is no such thing."""

    code = "not_found"
    http_status = 404
    public_message = "There is nothing here."


class Conflict(DomainError):
    """The same name or id is taken with other content."""

    code = "conflict"
    http_status = 409
    public_message = "That is already taken."


class OtherCustomer(Conflict):
    """Somebody else has signed in at this address: two people never share a conversation."""

    code = "other_customer"
    public_message = "Somebody else has signed in to this conversation: begin another one."


class NotPermitted(DomainError):
    """The caller is known and may not do this."""

    code = "forbidden"
    http_status = 403
    public_message = "You are not allowed to do this."


class NotSignedIn(DomainError):
    """The caller must sign in, or the sign-in is no longer valid."""

    code = "unauthorized"
    http_status = 401
    public_message = "Sign in first."


class IdentityRefused(NotSignedIn):
    """A customer's identity token cannot be believed, or no longer (field: reason)."""

    code = "identity_refused"
    public_message = "The identity token is not valid."


class InvalidInput(DomainError):
    """The request's content is not usable; the message says what to change."""

    code = "invalid"
    http_status = 400
    public_message = "The request is not valid."


class TooLarge(InvalidInput):
    """The request is over a documented limit."""

    code = "too_large"
    http_status = 413
    public_message = "The request is too large."


class UnknownFile(InvalidInput):
    """A message names a file that is not there, not its sender's, or in another message already."""

    code = "unknown_file"
    public_message = "A file of the message is not there any more: upload it again."


class UnsupportedFile(InvalidInput):
    """A file of a kind that is not taken, or a damaged one (field: reason)."""

    code = "unsupported_file"
    http_status = 415
    public_message = (
        "Files of this kind are not accepted: send a picture, a recording, a PDF, an office document"
        " or plain text."
    )


class TooManyRequests(DomainError):
    """A rate limit was reached (fields: retry_after, seconds)."""

    code = "too_many_requests"
    http_status = 429
    public_message = "Too many requests; try again later."


class ChannelError(BotError):
    """A channel could not take or give a message."""

    code = "channel"


class PayloadRejected(ChannelError):
    """The platform's payload is malformed or not authentic."""

    code = "payload_rejected"
    http_status = 400
    public_message = "The payload was not accepted."


class PayloadUnsupported(ChannelError):
    """A well-formed payload of a kind that Baton does not handle: acknowledged, not acted on."""

    code = "payload_unsupported"
    http_status = 200


class FetchFailed(ChannelError):
    """A customer's file could not be fetched from the platform now; a later try may work."""

    code = "fetch_failed"
    http_status = 503


class DeliveryFailed(ChannelError):
    """A message did not reach the platform.

    `outcome_unknown` is true when the platform may have it all the same (a read time-out): such a
    send is never repeated. `retryable` says that it certainly does not have it and a later try may work.
    """

    code = "delivery_failed"

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        outcome_unknown: bool = False,
        retry_after: float | None = None,
        more: bool = False,
    ) -> None:
        """Describe the failure; `retry_after` is in seconds, as told by the platform.

        `more` says that further parts of the message follow the one that failed.
        """
        super().__init__(message)
        self.retryable = retryable
        self.outcome_unknown = outcome_unknown
        self.retry_after = retry_after
        self.more = more


class EngineError(BotError):
    """The dialogue engine did not give a usable answer."""

    code = "engine"
    http_status = 503


class EngineUnavailable(EngineError):
    """No engine process is ready; the turn was not started."""

    code = "engine_unavailable"


class EngineReplyInvalid(EngineError):
    """The engine answered with something that is not a turn result."""

    code = "engine_reply_invalid"


class TurnFailed(EngineError):
    """This turn ended in an error or went over its budget; running it again would not help."""

    code = "turn_failed"


class TurnDied(EngineError):
    """This turn killed its engine process while it ran alone."""

    code = "turn_died"


class StoreError(BotError):
    """The store could not do its work."""

    code = "store"
    http_status = 503
