"""What can be said of sources without loading them."""

from typing import NamedTuple


class Facts(NamedTuple):
    """What is known of one source.

    Attributes:
        title: What it is called, and whose it is.
        kind: What is on an image.
        train, validation, test: Numbers of images.
        side: Of an image, in pixels.
        hub_id: Its name among the data sets of Hugging Face; None if unknown.
        classes: Number of kinds.
        channels: Of an image.
        terms: A sentence on what its images may be used for, if there is one.
    """

    title: str
    kind: str
    train: int
    validation: int
    test: int
    side: int = 28
    hub_id: str | None = None
    classes: int = 10
    channels: int = 1
    terms: str = ""


FACTS = {
    "mnist": Facts(
        "MNIST (Y. LeCun, C. Cortes, C. J. C. Burges)",
        "digit",
        50_000,
        10_000,
        10_000,
        hub_id="ylecun/mnist",
    ),
    "fashion_mnist": Facts(
        "Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf)",
        "garment",
        50_000,
        10_000,
        10_000,
        hub_id="zalando-datasets/fashion_mnist",
    ),
    "digits": Facts(
        "the handwritten digits of scikit-learn (E. Alpaydin, C. Kaynak)",
        "digit",
        1197,
        300,
        300,
    ),
    "svhn_cropped": Facts(
        "the cropped digits of SVHN (Y. Netzer and others)",
        "house number's digit",
        65_932,
        7325,
        26_032,
        side=32,
        channels=3,
        terms="SVHN is for non-commercial use only.",
    ),
    "svhn_small": Facts(
        "the first 1,083 cropped digits of SVHN (Y. Netzer and others)",
        "house number's digit",
        757,
        163,
        163,
        side=32,
        channels=3,
        terms="SVHN is for non-commercial use only.",
    ),
    "gtsrb": Facts(
        "the German Traffic Sign Recognition Benchmark (J. Stallkamp and "
        "others)",
        "traffic sign",
        35_219,
        3990,
        12_630,
        side=32,
        classes=43,
        channels=3,
        terms="GTSRB's images are for research: cite J. Stallkamp, "
        "M. Schlipsing, J. Salmen and C. Igel, Man vs. computer, Neural "
        "Networks 32 (2012).",
    ),
}
