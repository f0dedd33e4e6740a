"""The formats in which a history can be written."""

FORMATS = ("parquet", "csv", "jsonl", "arrow")
