"""Prepared pictures: when a study is complete, made once, served."""
