"""One person's traces: columns that name a person, pseudonyms, and landed pages without them."""
