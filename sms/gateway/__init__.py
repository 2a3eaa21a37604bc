"""A hospital's own gateway of text messages, over HTTP."""
