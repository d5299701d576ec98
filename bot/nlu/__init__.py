"""Understanding: our Rasa graph components (named in config.yml) and the plain models inside them."""
