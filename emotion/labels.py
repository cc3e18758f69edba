"""The seven emotions and the size of a face: what the data, the network and the figures agree on."""

CLASSES = ("Angry", "Disgust", "Fear", "Happiness", "Sad", "Surprise", "Neutral")
SIDE = 48  # pixels, both ways
