"""The scores of the paper that this project reproduces, on a random 81/9/10 split of its own.

Source: Zhekai Liu, "Facial Emotion Detection With CNN", final project summary, Stats-507 Data Science and
Analytics using Python, University of Michigan.
"""

ACCURACY, MACRO_F1, WEIGHTED_F1 = 0.650, 0.608, 0.646
# Of each class, in the order of CLASSES
PRECISION = (0.616, 0.676, 0.650, 0.856, 0.516, 0.735, 0.512)
RECALL = (0.528, 0.365, 0.381, 0.853, 0.581, 0.735, 0.714)
F1 = (0.568, 0.474, 0.481, 0.855, 0.547, 0.735, 0.596)
SUPPORT = (489, 63, 522, 927, 597, 373, 618)
