"""What `baton data check` looks for in a trainer's project. Quick: no Rasa, no numpy."""
