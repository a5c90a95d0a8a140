"""Lesson 08: what to make with the course's generators, and how to say that it was generated."""
