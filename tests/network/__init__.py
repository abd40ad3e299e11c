"""Places that share builds: real ones, and servers that do not behave."""
