"""Runs decoding in child processes with limits on time, memory and system calls. Decoding itself is in `codecs`."""
