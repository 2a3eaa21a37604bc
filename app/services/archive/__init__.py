"""Data keys of studies, frames read from originals, stored objects compared with received ones. Sealing is in
app/archive."""
