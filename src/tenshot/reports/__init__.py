"""What people see of a run: tables, heat-map overlays and one report to send to somebody."""

from tenshot.reports.folder import check_output
from tenshot.reports.summary import TaskSummary
from tenshot.reports.writer import ResultsWriter

__all__ = ["ResultsWriter", "TaskSummary", "check_output"]
