"""The recurrent attention model in PyTorch, with the paper's parts."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch_ram.recipe import Recipe


class Played(NamedTuple):
    """Episodes of N rows.

    Attributes:
        logits: After each glimpse, [N, T, K].
        log_prob: Of the locations that were drawn, [N, T].
        baseline: Expected before each glimpse, [N, T].
    """

    logits: torch.Tensor
    log_prob: torch.Tensor
    baseline: torch.Tensor


class Retina:
    """Reads the pooled windows of a location, for all rows at once.

    The mean of each square of 1, 2, 4, ... pixels is made once for an image, at
    every place, so that a glimpse is G * G reads a window, however wide that
    is, and rollouts share what was made.
    """

    def __init__(self, recipe: Recipe):
        self._size, self._side = recipe.glimpse_size, recipe.canvas
        self._scales = range(recipe.scales)
        # So far the widest window may reach beyond the canvas.
        self._pad = (self._size << (recipe.scales - 1)) // 2

    def prepare(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Means of squares for each window, of images [B, side, side] uint8."""
        pooled = F.pad(images.float() / 255, (self._pad,) * 4)
        maps = [pooled]
        for scale in self._scales[:-1]:
            reach = 1 << scale
            rows = pooled[:, :-reach] + pooled[:, reach:]
            pooled = (rows[:, :, :-reach] + rows[:, :, reach:]) / 4
            maps.append(pooled)
        return maps

    def look(
        self, maps: list[torch.Tensor], rollouts: int, location: torch.Tensor
    ) -> torch.Tensor:
        """Windows [N, S * G * G] about locations [N, 2] in [-1, 1]."""
        centre = ((location + 1) * (self._side / 2)).round().long()
        centre = centre.clamp(0, self._side)
        images = torch.arange(len(location)) // rollouts
        windows = []
        for scale, pooled in zip(self._scales, maps, strict=True):
            start = centre + self._pad - (self._size << scale) // 2
            reach = torch.arange(self._size) << scale
            width = pooled.shape[-1]
            rows = images[:, None] * pooled.shape[-2] + start[:, :1] + reach
            columns = start[:, 1:] + reach
            index = rows[:, :, None] * width + columns[:, None]
            windows.append(pooled.reshape(-1)[index].flatten(1))
        return torch.cat(windows, 1)


class Ram(nn.Module):
    """Looks, and then answers, at every step."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        self._recipe, self._retina = recipe, Retina(recipe)
        pixels = recipe.scales * recipe.glimpse_size**2
        core, joint = recipe.core_units, recipe.units
        self.see = nn.Linear(pixels, recipe.glimpse_units)
        self.place = nn.Linear(2, recipe.location_units)
        both = recipe.glimpse_units + recipe.location_units
        self.joint = nn.Linear(both, joint)
        self.seen, self.before = nn.Linear(joint, core), nn.Linear(core, core)
        self.where, self.value = nn.Linear(core, 2), nn.Linear(core, 1)
        self.answer = nn.Linear(core, recipe.num_classes)
        for layer in self.children():
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self, images: torch.Tensor, noise: torch.Tensor | None, rollouts: int
    ) -> Played:
        """Plays episodes.

        Args:
            images: [B, side, side] uint8.
            noise: Standard normal, [T, B * rollouts, 2]; None for the mean
                locations.
            rollouts: Rows of each image, one after another.
        """
        recipe = self._recipe
        maps = self._retina.prepare(images)
        state = maps[0].new_zeros(len(images) * rollouts, recipe.core_units)
        states, log_probs = [state], []
        for step in range(recipe.glimpses):
            mean = recipe.location_range * torch.tanh(self.where(state))
            location = mean.detach()
            if noise is not None:
                location = location + recipe.location_std * noise[step]
            error = (location - mean) / recipe.location_std
            log_probs.append(-0.5 * error.square().sum(1))
            glimpse = self._retina.look(maps, rollouts, location)
            state = self._next(glimpse, location, state)
            states.append(state)
        every = torch.stack(states, 1)
        baseline = self.value(every[:, :-1].detach())[..., 0]
        log_prob = torch.stack(log_probs, 1)
        return Played(self.answer(every[:, 1:]), log_prob, baseline)

    def _next(self, glimpse, location, state):
        seen, place = F.relu(self.see(glimpse)), F.relu(self.place(location))
        joint = F.relu(self.joint(torch.cat([seen, place], 1)))
        return F.relu(self.seen(joint) + self.before(state))
