"""The models of the course, one file per lesson."""
