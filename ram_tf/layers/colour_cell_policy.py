"""A policy over cells that learns what to look for in photographs."""

import keras
import tensorflow as tf

from ram_tf.layers import cell_features
from ram_tf.layers.cell_features import FIELD
from ram_tf.layers.cell_policy import CellPolicy
from ram_tf.parts import LOCATION_POLICIES
from ram_tf.validation import check_positive_int

# At first: not where you have been.
_LOOKED_AT = (0.0, -0.5, 0.0)
# What the filters of what stands out weigh together at first.
_SALIENCE = 0.4


@LOCATION_POLICIES.register("colour_cells")
@keras.saving.register_keras_serializable("ram_tf")
class ColourCellPolicy(CellPolicy):
    """The CellPolicy for photographs, where brightness tells nothing.

    Of the numbers of a cell only `radius` and `visited` are given. All others
    are learnt: `filters` of ReLU(convolution of the colours over 5 x 5 cells),
    the same for all windows, so that what is found at one size is found at any.
    A colour counts less the mean of its window, over the root of the mean
    square of that; cells outside of the image have none. REINFORCE trains the
    filters. The first of them begin as `cell_features.salient`, so that the eye
    goes where something stands out before it has learnt anything; the others
    begin at random and weigh nothing.

    Args:
        scales: Windows that have weights of their own, A_s, D and e.
        filters: How many numbers of a cell are learnt.

    Raises:
        UserError: On scales or filters below one.
    """

    def __init__(self, scales: int = 7, filters: int = 16, **kwargs):
        check_positive_int("filters", filters)
        super().__init__(scales, filters, **kwargs)

    def _first_weights(self, channels):
        count = cell_features.salient(channels, self.filters).shape[1]
        known = [_SALIENCE / count] * count
        return (*_LOOKED_AT, *known, *[0.0] * (self.filters - count))

    def _first_kernel(self, shape, dtype):
        salient = cell_features.salient(shape[0] // FIELD**2, shape[1])
        random = super()._first_kernel(shape, dtype)
        return tf.concat([salient, random[:, salient.shape[1] :]], axis=1)

    def _field(self, channels):
        return FIELD**2 * channels

    def _seen(self, glimpse, fixations):
        colours = cell_features.colours(glimpse)
        return (
            cell_features.looked_at(glimpse, fixations),
            cell_features.learnt(colours, self.kernel, self.bias),
        )

    def exact_kernels(self):
        kernels = [self.query.numpy(), self.scale_kernel.numpy()]
        return [*kernels, *self._exact_filters()]
