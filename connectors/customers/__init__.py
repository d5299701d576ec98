"""Where the profile and the orders of customers come from, one folder each."""
