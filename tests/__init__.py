"""Tests, and the stand-in for the Hugging Face Hub that they share."""
