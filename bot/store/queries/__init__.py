"""What the store can be asked, by subject: statements, rows, and a part of `Tx` in each module."""
