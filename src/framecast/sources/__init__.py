"""Where clips come from: each source is an iterator of Clips and knows nothing of stores."""
