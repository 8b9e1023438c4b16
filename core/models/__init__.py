"""Trained models: the recurrent cells, checkpoints, black boxes, predictions and traces."""
