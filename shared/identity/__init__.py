"""Who asks: tokens that accounts signs and every service verifies for itself, and which of them count no more."""
