"""What a person looks at: videos, plots and the report page. Plain arrays in, files out."""
