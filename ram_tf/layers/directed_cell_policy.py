"""A policy over cells that knows in which direction each of them lies."""

import keras

from ram_tf.layers import cell_features
from ram_tf.layers.cell_policy import CellPolicy
from ram_tf.parts import LOCATION_POLICIES


@LOCATION_POLICIES.register("directed_cells")
@keras.saving.register_keras_serializable("ram_tf")
class DirectedCellPolicy(CellPolicy):
    """The CellPolicy for what is to be read in an order.

    Beside the numbers of a CellPolicy, x has how far below and how far to the
    right of its window's middle a cell is, each from -1 to 1. So the core can
    ask for what lies to the right, which none of the numbers that a CellPolicy
    is given tells from what lies to the left.
    """

    def _first_weights(self):
        # Like what is learnt behind them, directions weigh nothing at first.
        return (*super()._first_weights(), 0.0, 0.0)

    def _seen(self, glimpse, fixations):
        given, learnt = super()._seen(glimpse, fixations)
        return [*given, *cell_features.directions(self._size)], learnt
