"""What people keep, in one SQLite file."""
