"""The hybrid loss, and steps of Adam with a rate that falls to zero."""

import math

import torch
import torch.nn.functional as F
from torch_ram.model import Ram
from torch_ram.recipe import Recipe

_AT_ONCE = 500  # Images of an evaluation.


class Learner:
    """A model, its compiled loss and its optimizer.

    Args:
        recipe: How it learns.
        steps: After which the rate is zero.
        seed: Of weights and noise.
        compiled: Whether torch.compile makes one program of loss and gradient.
    """

    def __init__(
        self, recipe: Recipe, steps: int, seed: int, compiled: bool = True
    ):
        torch.manual_seed(seed)
        self.model = Ram(recipe)
        self._recipe, self._steps, self._made = recipe, steps, 0
        self._loss = torch.compile(_loss, dynamic=False) if compiled else _loss
        self._weights = list(self.model.parameters())
        rate = recipe.learning_rate
        self._adam = torch.optim.Adam(self._weights, lr=rate, fused=True)
        self._average = [weight.detach().clone() for weight in self._weights]

    def learn(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Makes a step; the loss, a scalar."""
        recipe = self._recipe
        rows = len(labels) * recipe.rollouts
        noise = torch.randn(recipe.glimpses, rows, 2)
        self._adam.zero_grad(set_to_none=True)
        loss = self._loss(self.model, recipe, images, labels, noise)
        loss.backward()
        if recipe.clip_norm:
            torch.nn.utils.clip_grad_norm_(self._weights, recipe.clip_norm)
        share = self._made / self._steps
        rate = recipe.learning_rate * (1 + math.cos(math.pi * share)) / 2
        self._adam.param_groups[0]["lr"] = rate
        self._adam.step()
        if recipe.ema:
            with torch.no_grad():
                torch._foreach_lerp_(
                    self._average, self._weights, 1 - recipe.ema
                )
        self._made += 1
        return loss.detach()

    def weights(self) -> dict[str, torch.Tensor]:
        """What is validated: the weights, or their average."""
        chosen = self._average if self._recipe.ema else self._weights
        names = [name for name, _ in self.model.named_parameters()]
        return {
            name: weight.detach().clone()
            for name, weight in zip(names, chosen, strict=True)
        }


@torch.inference_mode()
def error(
    recipe: Recipe,
    weights: dict[str, torch.Tensor],
    images: torch.Tensor,
    labels: torch.Tensor,
) -> float:
    """The error in % after the last glimpse, looking at mean locations."""
    model = Ram(recipe)
    model.load_state_dict(weights)
    wrong = 0
    for start in range(0, len(labels), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        played = model(images[part], None, 1)
        wrong += int((played.logits[:, -1].argmax(1) != labels[part]).sum())
    return round(100 * wrong / len(labels), 4)


def _loss(
    model: Ram,
    recipe: Recipe,
    images: torch.Tensor,
    labels: torch.Tensor,
    noise: torch.Tensor,
) -> torch.Tensor:
    played = model(images, noise, recipe.rollouts)
    labels = labels.repeat_interleave(recipe.rollouts)[:, None]
    labels = labels.expand(-1, recipe.glimpses)
    entropy = F.cross_entropy(
        played.logits.flatten(0, 1), labels.flatten(), reduction="none"
    ).reshape(labels.shape)
    weight = torch.full([recipe.glimpses], recipe.intermediate_weight)
    weight[-1] = 1
    if recipe.reward == "accuracy":
        earned = (played.logits.argmax(-1) == labels).float()
    else:
        earned = -entropy.detach()
    returns = (earned * weight).flip(1).cumsum(1).flip(1)
    advantage = returns - _baseline(recipe, played.baseline, returns)
    reinforce = -(played.log_prob * advantage.detach()).sum(1).mean()
    loss = (entropy * weight).sum(1).mean() + recipe.policy_weight * reinforce
    if recipe.baseline == "learned":
        regression = (returns - played.baseline).square().mean()
        loss = loss + recipe.baseline_weight * regression
    return loss


def _baseline(recipe: Recipe, learned, returns):
    """What is subtracted from the returns [N, T]."""
    if recipe.baseline == "learned":
        return learned
    groups = returns.reshape(-1, recipe.rollouts, recipe.glimpses)
    others = groups.sum(1, keepdim=True) - groups
    return (others / (recipe.rollouts - 1)).reshape(returns.shape)
