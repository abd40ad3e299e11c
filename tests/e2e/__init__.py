"""Real runners on real Go programs, seen as a person sees them."""
