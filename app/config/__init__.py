"""Settings: read once, from the environment alone. `settings` has the table, `parsers` how a text becomes a value,
`contradictions` what does not go together."""

from app.config.settings import NEWS_AT_ONCE, Settings, variable_of

__all__ = ["NEWS_AT_ONCE", "Settings", "variable_of"]
