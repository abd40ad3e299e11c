"""What a program depends on, changed in real builds."""
