"""For operators: is it alive, is it ready, and what do the figures say."""
