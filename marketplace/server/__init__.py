"""The process side: listening, serving, stopping without dropping a request, several processes."""
