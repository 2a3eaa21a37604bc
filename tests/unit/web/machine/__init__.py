"""Tests of app/web/machine."""
