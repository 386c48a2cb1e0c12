//! Layers, optimisers and checkpoints that training and inference can both trust.
