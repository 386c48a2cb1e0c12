//! Training: data sets, augmentation, loops, curves.
