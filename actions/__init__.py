"""Custom actions, one file for each business topic; what they say is in domain.yml."""
