"""Trials of answers that numbers alone do not judge, by what they try."""
