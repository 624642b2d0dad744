"""Answers that fit the table of these tests."""

ANSWERS = """
participant = "320000.housing-fund"
bootstrap = "kafka1.example:9093"
kind = "sql"
resource = "housing-fund-withdrawal"
url = "sqlite+aiosqlite:///fund.db"
table = "gjj_tq"

[columns]
account = "zh"
withdrawn_on = "rq"
paid_to = "-"
"""
