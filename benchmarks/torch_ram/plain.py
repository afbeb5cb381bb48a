"""The yardstick: a PyTorch RAM as a user would pick it, images ready in memory.

It is the script whose compiled rate `benchmarks/README.md` has for PyTorch: one
rollout, eight glimpses of 12x12x3, a ReLU core of 256, ten classes, Adam. It
reads each window pixel by pixel, and has neither data nor clipping.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

G, S, T, H = 12, 3, 8, 256


class Plain(nn.Module):
    """Glimpses by gather."""

    def __init__(self, side: int):
        super().__init__()
        self.side = side
        self.patch, self.where = nn.Linear(G * G * S, 128), nn.Linear(2, 128)
        self.patch2, self.where2 = nn.Linear(128, H), nn.Linear(128, H)
        self.ih, self.hh = nn.Linear(H, H), nn.Linear(H, H)
        self.loc, self.base = nn.Linear(H, 2), nn.Linear(H, 1)
        self.cls = nn.Linear(H, 10)

    def sense(self, x, loc):
        out = []
        for s in range(S):
            k = G << s
            start = (0.5 * (loc + 1) * self.side).long()
            xp = F.pad(x, (k // 2,) * 4)
            w = xp.shape[-1]
            rows = (start[:, :1] + torch.arange(k)).clamp(0, w - 1)
            cols = (start[:, 1:] + torch.arange(k)).clamp(0, w - 1)
            index = rows[:, :, None] * w + cols[:, None, :]
            index = index.reshape(len(x), -1)
            pixels = xp.reshape(len(x), -1).gather(1, index)
            pixels = pixels.reshape(len(x), 1, k, k)
            out.append(F.avg_pool2d(pixels, 1 << s).flatten(1))
        return torch.cat(out, 1)

    def forward(self, x, loc, noise):
        h = x.new_zeros(len(x), H)
        log_probs, bases = [], []
        for t in range(T):
            seen = self.patch2(F.relu(self.patch(self.sense(x, loc))))
            g = F.relu(seen + self.where2(F.relu(self.where(loc))))
            h = F.relu(self.ih(g) + self.hh(h))
            mean = torch.tanh(self.loc(h))
            loc = (mean + 0.1 * noise[t]).detach()
            log_probs.append((-0.5 * ((loc - mean) / 0.1) ** 2).sum(1))
            bases.append(self.base(h.detach())[:, 0])
            loc = loc.clamp(-1, 1)
        return self.cls(h), torch.stack(log_probs, 1), torch.stack(bases, 1)


def loss(model, x, y, loc, noise):
    logits, log_prob, base = model(x, loc, noise)
    reward = (logits.argmax(1) == y).float()[:, None]
    advantage = (reward - base).detach()
    reinforce = -(log_prob * advantage).sum(1).mean()
    regression = ((reward - base) ** 2).mean()
    return F.cross_entropy(logits, y) + 0.1 * reinforce + regression


def stepper(batch: int, side: int):
    """A function that makes a step on the same random images each time."""
    torch.manual_seed(0)
    model = Plain(side)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    x, y = torch.rand(batch, 1, side, side), torch.randint(0, 10, (batch,))
    compiled = torch.compile(loss)

    def step():
        adam.zero_grad(set_to_none=True)
        noise = torch.randn(T, batch, 2)
        compiled(model, x, y, torch.zeros(batch, 2), noise).backward()
        adam.step()

    return step
