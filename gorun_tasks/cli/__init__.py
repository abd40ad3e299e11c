"""What the command gorun answers beyond starting one program."""
