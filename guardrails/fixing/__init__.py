"""Fixes: edits of text at the places of findings, that leave everything else as it is written."""
