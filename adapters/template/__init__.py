"""模板查询: a list goes out as a workbook, people fill it, and it is taken back (R117)."""
