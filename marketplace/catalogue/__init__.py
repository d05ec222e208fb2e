"""What anyone may find: reads over services, categories and profiles."""
