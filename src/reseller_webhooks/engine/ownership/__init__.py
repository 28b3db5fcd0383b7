"""Which partitions this process sends for, and whether its network works."""
