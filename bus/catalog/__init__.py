"""Who offers what: the resource catalogue (资源目录)."""
