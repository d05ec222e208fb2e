"""What the server costs: requests per second, latency, memory and CPU time for each request."""
