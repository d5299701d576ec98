"""Ways to customers. Each folder: parse, render and verify are pure; channel is thin glue."""
