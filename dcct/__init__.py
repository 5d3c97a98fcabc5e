"""DCCT: a reproducibility package for deeply-coupled convolution–transformer video person re-identification."""
