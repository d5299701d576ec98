"""Rasa behind `DialogueEngine`: the server's side never imports Rasa, the processes' side does."""
