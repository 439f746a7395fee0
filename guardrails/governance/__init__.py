"""Pure functions that turn findings into a verdict."""
