"""A policy over cells that learns what to look for in photographs."""

from typing import ClassVar

import keras
import tensorflow as tf

from ram_tf.errors import UserError
from ram_tf.layers import cell_features
from ram_tf.layers.cell_policy import CellPolicy
from ram_tf.parts import LOCATION_POLICIES
from ram_tf.validation import check_positive_int

# At first: not where you are, and least of all where you have been.
_LOOKED_AT = (0.0, -0.5, -1.0, 0.0)
# What is learnt counts a little for a square, or against it, by turns.
_LEARNT = 0.01
# The finest windows, which it does not choose from: what it looks for is as
# large as they are.
_FINEST = 2
# Of each convolution: side, and the part of `filters` that it has.
_CONVOLUTIONS = ((4, 2 / 3), (3, 1.0), (3, 1.0))


@LOCATION_POLICIES.register("colour_cells")
@keras.saving.register_keras_serializable("ram_tf")
class ColourCellPolicy(CellPolicy):
    """The CellPolicy for photographs, where brightness tells nothing.

    It chooses among squares of 2 x 2 of the retina's cells, in all windows but
    the two finest, which show no more than where it is. Of the numbers of such
    a square only `radius` and `visited` are given, the latter apart for the
    present fixation and for those that the eye has left: it may have good
    reason to stay, and hardly any to go back. All others are learnt by three
    convolutions, each with ReLU, which all windows share, so that what is found
    at one size is found at any: 4 x 4 cells in steps of two, and twice 3 x 3 of
    what the one before gives. They read colours and the contrast within a cell,
    by which a wide window shows where something is that is smaller than its
    cells. Each counts less the mean of its window, over the root of the mean
    square of that; cells outside of the image have none. REINFORCE trains the
    convolutions, and guidance if there is any.

    Args:
        scales: Windows that have weights of their own, A_s, D and e.
        filters: How many numbers of a square are learnt; the first convolution
            has two thirds as many.

    Raises:
        UserError: On scales or filters below one, an odd glimpse size, and
            fewer than three windows.
    """

    reads_contrast = True
    cell_pixels: ClassVar[int] = 2 * 2**_FINEST

    def __init__(self, scales: int = 7, filters: int = 24, **kwargs):
        check_positive_int("filters", filters)
        super().__init__(scales, filters, **kwargs)

    def build(self, features_shape, windows_shape, places_shape):
        _, windows, size, _ = places_shape
        if windows <= _FINEST:
            raise UserError(
                "`scales` must be None or at least "
                f'{_FINEST + 1} where location_policy="colour_cells". '
                f"Received: {windows}"
            )
        if size % 2:
            raise UserError(
                "`glimpse_size` must be even where "
                f'location_policy="colour_cells". Received: {size}'
            )
        super().build(features_shape, windows_shape, places_shape)

    def _first_weights(self):
        signs = [1.0, -1.0] * self.filters
        learnt = [_LEARNT * sign for sign in signs[: self.filters]]
        return (*_LOOKED_AT, *learnt)

    def _add_filters(self, channels):
        channels *= 2  # Colours and contrast.
        self.kernels, self.biases = [], []
        for number, (side, part) in enumerate(_CONVOLUTIONS):
            count = max(1, round(self.filters * part))
            self.kernels.append(
                self.add_weight(
                    shape=(side, side, channels, count),
                    initializer=keras.initializers.HeNormal(),
                    name=f"kernel_{number}",
                )
            )
            self.biases.append(
                self.add_weight(
                    shape=(count,),
                    initializer=keras.initializers.Constant(0),
                    name=f"bias_{number}",
                )
            )
            channels = count

    def _places(self, glimpse):
        rows = super()._places(glimpse)[:, _FINEST:]
        return (rows[:, :, ::2] + rows[:, :, 1::2]) * 0.5

    def _seen(self, glimpse, fixations):
        places = self._places(glimpse)
        return (
            cell_features.left(
                places, fixations, self.cell_pixels, glimpse.places.shape[2]
            ),
            self._learnt(cell_features.shown(glimpse)[:, _FINEST:]),
        )

    def _learnt(self, shown: tf.Tensor) -> tf.Tensor:
        """[N, S, g * g / 4, filters], of what cells show [N, S, g, g, 2 C]."""
        scales = shown.shape[1]
        seen = tf.reshape(shown, [-1, *shown.shape[2:]])
        (first, *others), (bias, *biases) = self.kernels, self.biases
        seen = tf.nn.relu(_by_pairs(seen, first) + bias)
        for kernel, bias in zip(others, biases, strict=True):
            seen = tf.nn.relu(_by_threes(seen, kernel) + bias)
        squares = seen.shape[1] * seen.shape[2]
        return tf.reshape(seen, [-1, scales, squares, self.filters])

    def _needed(self, glimpse):
        return super()._needed(glimpse)[_FINEST:]

    def compute_output_shape(self, features_shape, windows_shape, places_shape):
        del windows_shape
        _, windows, size, _ = places_shape
        return (features_shape[0], (windows - _FINEST) * (size // 2) ** 2)

    def exact_kernels(self):
        kernels = [_of_pairs(self.kernels[0]), *map(_of_rows, self.kernels[1:])]
        return [
            self.query.numpy(),
            self.scale_kernel.numpy(),
            *(kernel.numpy() for kernel in kernels),
        ]


# XLA's convolutions are fast on a CPU, but 35 times slower in a loop, in which
# it compiles the steps of training. So they are matrix products here.


def _by_pairs(images: tf.Tensor, kernel) -> tf.Tensor:
    """The convolution of 4 x 4 in steps of two, zeros around.

    Args:
        images: [n, g, g, C].
        kernel: [4, 4, C, filters].

    Returns:
        [n, g / 2, g / 2, filters].
    """
    size = images.shape[1] // 2
    images = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]])
    blocks = tf.nn.space_to_depth(images, 2)
    fields = [
        blocks[:, i : i + size, j : j + size] for i in (0, 1) for j in (0, 1)
    ]
    fields = tf.concat(fields, axis=-1)
    found = tf.matmul(
        tf.reshape(fields, [-1, fields.shape[-1]]), _of_pairs(kernel)
    )
    return tf.reshape(found, [-1, size, size, kernel.shape[-1]])


def _of_pairs(kernel) -> tf.Tensor:
    """[16 C, filters]: blocks of 2 x 2 row by row, and so the cells of each."""
    channels, filters = kernel.shape[2:]
    kernel = tf.reshape(kernel, [2, 2, 2, 2, channels, filters])
    kernel = tf.transpose(kernel, [0, 2, 1, 3, 4, 5])
    return tf.reshape(kernel, [16 * channels, filters])


def _by_threes(images: tf.Tensor, kernel) -> tf.Tensor:
    """The convolution of 3 x 3, zeros around: a product for all three rows.

    What it gives for each row of a kernel is added up, so that the cells are
    copied three times instead of nine.

    Args:
        images: [n, h, w, C].
        kernel: [3, 3, C, filters].

    Returns:
        [n, h, w, filters].
    """
    height, width = images.shape[1:3]
    images = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]])
    fields = tf.concat([images[:, :, j : j + width] for j in range(3)], axis=-1)
    found = tf.matmul(
        tf.reshape(fields, [-1, fields.shape[-1]]), _of_rows(kernel)
    )
    found = tf.reshape(found, [-1, height + 2, width, 3, kernel.shape[-1]])
    return (
        found[:, :height, :, 0]
        + found[:, 1 : height + 1, :, 1]
        + found[:, 2:, :, 2]
    )


def _of_rows(kernel) -> tf.Tensor:
    """[3 C, 3 filters]: a row of cells, for each row of the kernel."""
    _, _, channels, filters = kernel.shape
    kernel = tf.transpose(tf.convert_to_tensor(kernel), [1, 2, 0, 3])
    return tf.reshape(kernel, [3 * channels, 3 * filters])
