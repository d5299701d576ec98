"""A throw-away assistant that steps into every trap of the runtime once."""
