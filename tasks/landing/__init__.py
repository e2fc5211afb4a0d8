"""What was received, kept exactly as it came: pages, batches and their manifests."""
