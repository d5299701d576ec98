"""Web chat: whose a visit is, the frames, the sockets, and the way from a page to an agent and back."""
