"""Making models: train, keep a registry of them, evaluate, promote and roll back."""
