//! Embeddings of garments: the starter embedder on the classifier's features.
