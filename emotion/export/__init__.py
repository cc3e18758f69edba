"""The trained model for other runtimes, and how far each answers like Keras."""
