"""What each page and view is about."""
