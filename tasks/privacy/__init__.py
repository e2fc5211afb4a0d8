"""One person's traces: which columns name a person, pseudonyms, and how a landed page is cleared of
somebody.
"""
