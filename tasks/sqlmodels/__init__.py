"""Reads `sql/`: which models there are, what they need, in which order they are built, and in which
dialect.
"""
