"""HTTP as a whole: what holds for every route, whoever asks."""
