"""Jobs of the compute process, one module a verb."""
