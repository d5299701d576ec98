"""What things are: frozen values and the rules between them. Standard library only, no I/O."""
