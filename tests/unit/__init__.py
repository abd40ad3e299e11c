"""The package file by file: `unit/FOLDER/test_FILE.py` tests `gorun_tasks/FOLDER/FILE.py`."""
