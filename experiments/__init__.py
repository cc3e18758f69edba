"""What looks at many experiments at once; the stages know nothing of it."""
