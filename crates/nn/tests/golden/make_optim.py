#!/usr/bin/env python3
"""Writes optim.safetensors beside this file: what PyTorch's optimisers and schedules do. `python3 make_optim.py`

Reference: torch 2.15.0 (CPU, float32 parameters, single-tensor implementations). Needs torch alone.
Tolerances are in tests/optim/reference.rs, beside what was measured.

Held are, of three parameters (matrix 3x5, norm.weight 7, conv.bias 4) and 20 steps of given gradients `grad.STEP.NAME`:
  sgd, sgd_nesterov, adamw, adamw_cycle   `RUN.STEP.NAME` after steps 1, 5 and 20; weight decay on the matrix alone
  clip                                    the norm before, and the gradients of step 0 after clip_grad_norm_(0.01)
  ema                                     a running average of sgd_nesterov's weights, YOLO's ramp with tau 5
  cycle.TOTAL                             OneCycleLR: per step, rate and momentum
"""
import json, math, os, struct, torch
from torch.optim.lr_scheduler import OneCycleLR

STEPS, KEPT = 20, (1, 5, 20)
SHAPES = {"matrix": (3, 5), "norm.weight": (7,), "conv.bias": (4,)}
torch.manual_seed(20)
out = {}
start = {name: torch.randn(shape) for name, shape in SHAPES.items()}
# Gradients of very different sizes, zeros among them.
grads = [{name: torch.randn(shape) * 10 ** ((step % 5) - 2) * (torch.rand(shape) > 0.2) for name, shape in SHAPES.items()} for step in range(STEPS)]
out.update({f"start.{name}": value for name, value in start.items()})
out.update({f"grad.{step}.{name}": value for step, named in enumerate(grads) for name, value in named.items()})


def run(label, make, decay, before_step=None, schedule=None, average=False):
    params = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    groups = [{"params": [p], "name": name, "weight_decay": decay if name == "matrix" else 0.0} for name, p in params.items()]
    optimizer = make(groups)
    scheduler = schedule(optimizer) if schedule else None
    mean = {name: p.detach().clone() for name, p in params.items()}
    for step in range(STEPS):
        if before_step: before_step(optimizer, step)
        for name, p in params.items(): p.grad = grads[step][name].clone()
        optimizer.step()
        if scheduler and step + 1 < STEPS: scheduler.step()
        ramp = 0.9999 * (1 - math.exp(-(step + 1) / 5))
        for name, p in params.items(): mean[name].mul_(ramp).add_(p.detach(), alpha=1 - ramp)
        if step + 1 in KEPT:
            out.update({f"{label}.{step + 1}.{name}": p.detach().clone() for name, p in params.items()})
            if average: out.update({f"ema.{step + 1}.{name}": value.clone() for name, value in mean.items()})


def warm_up(optimizer, step):
    """YOLO's: 8 steps; the bias' rate from 0.1, the others' from 0, to a linear decay from 0.02; momentum 0.8 to 0.937."""
    rate = 0.02 * (max(1 - step / STEPS, 0) * (1 - 0.01) + 0.01)
    ramp = lambda a, b: a + (b - a) * min(step, 8) / 8
    for group in optimizer.param_groups:
        group["lr"] = ramp(0.1 if group["name"].endswith("bias") else 0.0, rate)
        group["momentum"] = ramp(0.8, 0.937)


sgd, adamw = torch.optim.SGD, torch.optim.AdamW
run("sgd", lambda g: sgd(g, lr=0.01, momentum=0.9, foreach=False), 0.0)
run("sgd_nesterov", lambda g: sgd(g, lr=0.02, momentum=0.8, nesterov=True, foreach=False), 0.05, warm_up, average=True)
run("adamw", lambda g: adamw(g, lr=0.02, betas=(0.8, 0.99), eps=1e-6, foreach=False), 0.1)
run("adamw_cycle", lambda g: adamw(g, lr=0.02, foreach=False), 0.1, schedule=lambda o: OneCycleLR(o, max_lr=0.05, total_steps=STEPS))

clipped = [torch.nn.Parameter(value.clone()) for value in start.values()]
for p, g in zip(clipped, grads[0].values()): p.grad = g.clone()
out["clip.norm"] = torch.nn.utils.clip_grad_norm_(clipped, 0.01).reshape(1)
out.update({f"clip.{name}": p.grad for name, p in zip(SHAPES, clipped)})

CYCLES = {1: {}, 2: {}, 3: {}, 7: {}, 100: {}, 50: dict(pct_start=0.1, div_factor=10.0, final_div_factor=100.0, base_momentum=0.8, max_momentum=0.9), 20: dict(pct_start=1.0)}
for total, settings in CYCLES.items():
    optimizer = sgd([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    # 1 of 1 steps is pct_start * total - 1 < 0: PyTorch is then in the second phase.
    scheduler = OneCycleLR(optimizer, max_lr=1.0, total_steps=total, **settings)
    rows = []
    for step in range(total):
        rows.append([optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]])
        optimizer.step()
        if step + 1 < total: scheduler.step()
    out[f"cycle.{total}"] = torch.tensor(rows, dtype=torch.float64)

header, data = {"__metadata__": {"generator": "make_optim.py", "torch": torch.__version__}}, b""
for name, value in sorted(out.items()):
    flat = value.detach().contiguous().flatten().tolist()
    kind, code = ("F64", "d") if value.dtype == torch.float64 else ("F32", "f")
    raw = struct.pack(f"<{len(flat)}{code}", *flat)
    header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "optim.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
