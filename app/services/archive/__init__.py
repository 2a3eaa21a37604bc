"""What the archive keeps beyond objects: data keys, and frames read from originals."""
