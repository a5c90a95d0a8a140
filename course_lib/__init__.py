"""Helper library of the image generation course.

Importing the package imports nothing heavy; take what you need from its modules::

    from course_lib import data, explorers, figures, metrics, zoo
"""

__version__ = "0.1.0"
