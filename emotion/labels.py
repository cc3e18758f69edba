"""FER-2013's seven emotions, which `data.classes` replaces by others, and the size of a face."""

CLASSES = ("Angry", "Disgust", "Fear", "Happiness", "Sad", "Surprise", "Neutral")
SIDE = 48  # pixels, both ways
