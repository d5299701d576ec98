"""Telegram through the Bot API.

`account`, `verify`, `wire`, `kinds`, `messages`, `reports`, `parse`, `render` and `errors` are pure.
`client` is the only network code. `channel`, `reception`, `taking`, `polling` and `webhooks` are the glue
to the core, `health` is for `baton doctor`.
"""
