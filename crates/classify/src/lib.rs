//! What a garment is: EfficientNet-B0 over the 47 categories.
