"""Background work: load ids, call one service each."""
