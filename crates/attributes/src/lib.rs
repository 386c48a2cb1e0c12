//! What colours a garment has, and where it is in its photo.
