"""A team of processes by tf.distribute, as TF_CONFIG names them.

Variables are plain ones, of which each process has its own; nothing but sums
goes between them, by MultiWorkerMirroredStrategy.
"""

import contextlib
import signal

import numpy as np
import tensorflow as tf

from ram_tf.share import Share
from ram_tf.training.team import LostError, Team

# What TensorFlow raises when another process has ended.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
)
_RESUME = "The same command, given to all, resumes."


class Workers(Team):
    """The processes that TF_CONFIG names, of which this is one.

    It waits until all are there. It must be made before anything else of
    TensorFlow, and once in a process.

    Args:
        share: That of this process.
        timeout: Seconds after which one that does not answer is lost.

    Raises:
        LostError: If not all come in time.
    """

    def __init__(self, share: Share, timeout: float):
        self.share = share
        self._timeout = timeout
        self._options = tf.distribute.experimental.CommunicationOptions(
            # Its sums are the same to the bit for all.
            implementation=tf.distribute.experimental.CommunicationImplementation.RING,
            timeout_seconds=timeout,
        )
        with self.heard():
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy(
                communication_options=self._options
            )
        # TensorFlow's server has taken it for itself, and would not end.
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))
        self._sum = tf.function(self.total, autograph=False)
        self.told([0])

    def total(self, vector):
        return self._strategy.run(self._reduced, (vector,))

    def told(self, numbers):
        table = np.zeros([self.share.count, len(numbers)], np.int32)
        table[self.share.index] = numbers
        return self._summed(table.ravel()).reshape(table.shape)

    def hand_on(self, variables):
        # As whole numbers, whose sums with zeros are exact.
        values = [variable.numpy() for variable in variables]
        mine = b"".join(value.tobytes() for value in values)
        mine += bytes(-len(mine) % 4)
        words = np.frombuffer(mine, np.int32)
        if not self.is_chief:
            words = np.zeros_like(words)
        given, start = self._summed(words).tobytes(), 0
        for variable, value in zip(variables, values, strict=True):
            part = np.frombuffer(given, value.dtype, value.size, start)
            variable.assign(part.reshape(value.shape))
            start += value.nbytes

    @contextlib.contextmanager
    def heard(self):
        try:
            yield
        except tf.errors.DeadlineExceededError as error:
            raise LostError(
                "Another worker has not answered for "
                f"{self._timeout:g} seconds. {_RESUME}"
            ) from error
        except _LOST as error:
            raise LostError(
                f"Another worker has ended, or cannot be reached. {_RESUME}"
            ) from error

    def _summed(self, numbers: np.ndarray) -> np.ndarray:
        with self.heard():
            return self._sum(tf.constant(numbers)).numpy()

    def _reduced(self, vector: tf.Tensor) -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        # It is added up where it is, which only an operator of here says.
        return context.all_reduce(
            tf.distribute.ReduceOp.SUM,
            tf.identity(vector),
            options=self._options,
        )
