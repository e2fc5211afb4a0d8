"""Report pages and spreadsheets: values in, files out."""
