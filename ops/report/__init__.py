"""A run as one HTML page that stands alone: read from the journal, and from nothing else."""

from ops.report.writing import NAME, write_report

__all__ = ["NAME", "write_report"]
