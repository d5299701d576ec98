"""WhatsApp through Meta's Cloud API.

`account`, `verify`, `wire`, `kinds`, `parse`, `render` and `errors` are pure. `client` is the only network
code, `channel` and `reception` are the glue to the core, `health` is for `baton doctor`.
"""
