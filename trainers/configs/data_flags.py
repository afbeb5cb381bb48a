"""Flags of what is looked at."""

from absl import flags

from data.canvas import PLACES

# By trainer; the first is what --source is if it is not given.
SOURCES = {
    "mnist": ("mnist", "fashion_mnist", "digits"),
    "svhn": ("svhn_cropped", "svhn_small"),
    "numbers": ("mnist", "digits"),
    "classify": ("folder",),
}

flags.DEFINE_enum(
    "source",
    "mnist",
    sorted({name for names in SOURCES.values() for name in names}),
    "Where images come from; each trainer knows its own.",
)
flags.DEFINE_string(
    "train_dir", None, "Folder with a sub-folder of pictures for each class."
)
flags.DEFINE_string(
    "test_dir",
    None,
    "The same with other pictures, for the test; without it, the result is the "
    "error on validation.",
)
flags.DEFINE_float(
    "validation_fraction",
    0.2,
    "Share of --train_dir's pictures that is held out to choose the weights.",
    lower_bound=0.01,
    upper_bound=0.99,
)
flags.DEFINE_bool(
    "standardise",
    False,
    "Whether each image is given the same brightness and contrast before it is "
    "put on the canvas: photographs need it.",
)
flags.DEFINE_bool("grey", False, "Whether pictures of folders are made grey.")
flags.DEFINE_integer(
    "canvas", 28, "Side of the canvas in pixels.", lower_bound=1
)
flags.DEFINE_integer(
    "clutter", 0, "Patches of other digits on a canvas.", lower_bound=0
)
flags.DEFINE_integer(
    "clutter_size", 8, "Side of a patch in pixels.", lower_bound=1
)
flags.DEFINE_enum(
    "place",
    "anywhere",
    PLACES,
    "Where digits are put: the half of the canvas that their centre lies in.",
)
flags.DEFINE_integer(
    "jitter",
    0,
    "Pixels by which a training digit is moved at most in each direction, at "
    "random, beside its place; what leaves the canvas is cut off.",
    lower_bound=0,
)
flags.DEFINE_float(
    "distort",
    0.0,
    "How far a training digit is stretched, sheared and turned at most, at "
    "random: each pixel is moved by up to this share of its distances from the "
    "middle; what leaves the image is cut off.",
    lower_bound=0.0,
    upper_bound=0.5,
)
flags.DEFINE_float(
    "grow",
    0.0,
    "Share of the training over which the square that a training digit lies in "
    "grows evenly, from the middle to the whole canvas: a start with short "
    "ways on large canvases.",
    lower_bound=0.0,
    upper_bound=1.0,
)
flags.DEFINE_integer(
    "frames",
    0,
    "Frames of a video, in which the digit drifts over clutter that stands "
    "still, with one glimpse a frame; 0: still images.",
    lower_bound=0,
)
flags.DEFINE_float(
    "speed",
    3.0,
    "Of the digit in a video, in pixels a frame, in a random direction; it is "
    "reflected at the edges of the canvas.",
    lower_bound=0.0,
)
flags.DEFINE_integer(
    "max_digits",
    0,
    "Most digits of a number, of which each is answered in turn, then the end; "
    "0: an image has one label. See trainers.numbers.",
    lower_bound=0,
)
flags.DEFINE_string(
    "svhn_dir",
    None,
    "Folder with train/ and test/ of SVHN's full numbers; by default numbers "
    "are composed of the digits of --source.",
)
