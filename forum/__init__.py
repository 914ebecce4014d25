"""The forum: what is stored, who may, and what people see."""

__version__ = "0.1.0"
