"""SHA-256 of what the shipped suites draw."""

DIGESTS: dict[tuple[str, int, int | None], str] = {
    ("test", 32, None): "266199ac9fffb941169f402783b149f108510f2d2e7325c456a24a12404879b4",
    ("saliency", 32, None): "5841e8f3f26c6deb1cee0d531d3199e8e04e09f64b0c569db02b9d610d9ebc14",
    ("train", 32, 1): "5122775e465c03254e7d721a265599b6fcf934c6e9cae1a9ab02c156c4153b23",
    ("train", 32, 84): "68ca2169dc9e1f131f6a2150fce98894e9f7fe93bd79272ca4da3d69dba1f8b5",
    ("test", 48, None): "9b9dd7f495a270dc4a6b009cad3a11d894de41e72910b9ad79f147915f48e4ac",
    ("saliency", 48, None): "777e7b8f32476841210d70cbacd79b280fea38d5048b4be072b033a1e6e2dd1e",
    ("train", 48, 1): "b727e933d78c49f042326cc4269e2d9d17d19bb2efc6d0036e6ccefa57b51c5a",
    ("train", 48, 84): "ffe2002f7e27615f719dcbf60b8b098b45df6ef9dd385231be361915b57f5922",
}
"""By the array's name, the size of an image, and the training classes that share a colour."""
