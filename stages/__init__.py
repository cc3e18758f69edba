"""The six stages of dvc.yaml, one module each: fetch, validate, preprocess, train, evaluate, plot."""
