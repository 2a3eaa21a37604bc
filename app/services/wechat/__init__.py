"""WeChat accounts that are bound to a person."""
