"""The warehouse: engine and dialects, tables and comments, bulk load and merge, the pipeline's own
books.
"""
