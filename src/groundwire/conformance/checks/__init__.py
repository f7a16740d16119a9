"""What each case does, by the groups of `cases.toml`."""
