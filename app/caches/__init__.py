"""What a process keeps in memory to save work, bounded. Standard library only: decoding children use it too."""
