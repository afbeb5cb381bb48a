"""Canvases with a digit and clutter, composed for a whole batch at once.

They are drawn as `ram_tf_data.canvas` says: everything lies fully inside,
places are uniform, clutter is cut from images drawn with replacement, and
values are added and clamped. The random numbers are torch's, so that training
canvases are others of the same kind; those of validation and test are ours.
"""

import math

import torch
import torch.nn.functional as F
from torch_ram.recipe import Recipe


class Canvases:
    """Endless training batches.

    Args:
        images: [n, h, h] uint8.
        labels: [n] int64.
        recipe: What is composed.
        seed: Of all that is drawn.
    """

    def __init__(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        recipe: Recipe,
        seed: int,
    ):
        self._images, self._labels = images, labels
        self._pixels = images.reshape(-1)
        self._recipe = recipe
        self._random = torch.Generator().manual_seed(seed)
        self._grow = math.ceil(recipe.grow * recipe.steps(len(labels)))
        self._left = torch.empty(0, dtype=torch.int64)

    def make(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Canvases [B, side, side] uint8 and labels [B] of the next batch.

        Args:
            step: Of training, which `grow` counts.
        """
        size, side = self._recipe.batch_size, self._recipe.canvas
        index = self._next(size)
        digits = self._images[index]
        if self._recipe.distort:
            digits = self._distorted(digits)
        total = torch.zeros(size, side * side, dtype=torch.int32)
        if self._recipe.clutter:
            patches, corner = self._clutter(size)
            _add_up(total, patches, corner, side)
        room = side - digits.shape[-1]
        left = max(self._grow - step, 0)
        margin = left * room // max(2 * self._grow, 1)
        place = self._below(room + 1 - 2 * margin, size, 1, 2) + margin
        _add_up(total, digits[:, None], place, side)
        canvases = total.clamp_(max=255).to(torch.uint8)
        return canvases.reshape(size, side, side), self._labels[index]

    def _next(self, size: int) -> torch.Tensor:
        """Which images come next: each once an epoch."""
        while len(self._left) < size:
            order = torch.randperm(len(self._labels), generator=self._random)
            self._left = torch.cat([self._left, order])
        index, self._left = self._left[:size], self._left[size:]
        return index

    def _below(self, bound: int, *shape: int) -> torch.Tensor:
        return torch.randint(bound, shape, generator=self._random)

    def _clutter(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Patches [B, P, s, s], and where they are added, [B, P, 2]."""
        recipe, height = self._recipe, self._images.shape[-1]
        patch, shape = recipe.clutter_size, (size, recipe.clutter)
        cut = self._below(height - patch + 1, *shape, 2)
        index = self._below(len(self._images), *shape)
        first = (index * height + cut[..., 0]) * height + cut[..., 1]
        window = torch.arange(patch)
        window = window[:, None] * height + window
        patches = self._pixels[first[..., None, None] + window]
        corner = self._below(recipe.canvas - patch + 1, *shape, 2)
        return patches, corner

    def _distorted(self, digits: torch.Tensor) -> torch.Tensor:
        """Digits under linear maps that differ a little from the identity."""
        maps = torch.rand(len(digits), 2, 2, generator=self._random) * 2 - 1
        maps = torch.eye(2) + self._recipe.distort * maps
        maps = F.pad(maps, (0, 1))  # No shift.
        shape = [len(digits), 1, *digits.shape[1:]]
        grid = F.affine_grid(maps, shape, align_corners=False)
        values = digits[:, None].float()
        warped = F.grid_sample(values, grid, align_corners=False)
        return warped[:, 0].round_().to(torch.uint8)


def _add_up(
    total: torch.Tensor, patches: torch.Tensor, corner: torch.Tensor, side: int
) -> None:
    """Adds patches [B, P, s, s] at corners [B, P, 2] to canvases [B, side²]."""
    reach = torch.arange(patches.shape[-1])
    window = reach[:, None] * side + reach
    first = corner[..., 0] * side + corner[..., 1]
    index = (first[..., None, None] + window).reshape(len(total), -1)
    total.scatter_add_(1, index, patches.reshape(len(total), -1).int())
