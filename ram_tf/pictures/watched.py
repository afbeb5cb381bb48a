"""A model's looks at images, as a figure and as a film."""

import base64
import functools
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ram_tf.errors import UserError
from ram_tf.model import RecurrentAttentionModel
from ram_tf.pictures import paths, searches

_WIDTH = 830  # Pixels on a page, at most.


class Watched:
    """What `ram_tf.watch` returns; a notebook shows film and figure.

    Attributes:
        outputs: The model's, of each image: "locations" [n, T, 2],
            "probabilities" [n, T, K], and the others of a call.
    """

    def __init__(
        self,
        model: RecurrentAttentionModel,
        images: np.ndarray,
        outputs: Mapping[str, np.ndarray],
        labels: Sequence[int] | None = None,
        class_names: Sequence[str] | None = None,
    ):
        paths.check_outputs(images, outputs)
        paths.check_names(class_names, labels, outputs["probabilities"])
        self.outputs = outputs
        self._images = images
        self._labels = labels
        self._sensor = model.cell.sensor
        self._style: dict[str, Any] = {
            "class_names": class_names,
            "location_unit": model.cell.location_unit,
            "windows": True,
        }

    @functools.cached_property
    def figure(self) -> Figure:
        """Each image with its path, and beside it the looks in their order."""
        return searches.draw_searches(
            list(self._images),
            self._each(),
            self._sensor,
            labels=self._labels,
            **self._style,
        )

    @functools.cached_property
    def frames(self) -> list[np.ndarray]:
        """The film: a picture [h, w, 3] uint8 of each look, image by image."""
        return [
            frame
            for image, one in zip(self._images, self._each(), strict=True)
            for frame in searches.film(image, one, self._sensor, **self._style)
        ]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the film ("eye.gif") or the figure ("eye.png").

        Raises:
            UserError: On another ending.
            FileError: If the file cannot be written.
        """
        suffix = pathlib.Path(path).suffix.lower()
        if suffix == ".gif":
            searches.save_film(self.frames, path)
        elif suffix == ".png":
            paths.save(self.figure, path)
        else:
            raise UserError(
                "The file must end in .gif, for the film, or in .png, for the "
                f"figure. Received: {os.fspath(path)}"
            )

    def _repr_html_(self) -> str:
        film = _embedded(searches.film_bytes(self.frames), "gif")
        figure = _embedded(paths.png(self.figure), "png")
        return f"<div>{film}<br>{figure}</div>"

    def _each(self) -> list[dict[str, np.ndarray]]:
        return [
            {name: values[row] for name, values in self.outputs.items()}
            for row in range(len(self._images))
        ]


def _embedded(content: bytes, kind: str) -> str:
    data = base64.b64encode(content).decode()
    style = f"width: 100%; max-width: {_WIDTH}px"
    return f'<img style="{style}" src="data:image/{kind};base64,{data}">'
