"""What tests share: trees of files, started programs, clocks, and how to wait."""
