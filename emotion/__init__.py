"""What the stages share: the data, the network, the scores and the figures of the pipeline."""
