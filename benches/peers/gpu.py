"""PyTorch on a GPU, on the networks of `benches/gpu.rs`: prints `model batch runtime rate` lines.

gpu.py [FILTER]. Needs torch alone: the networks are written out here, batch norms folded into their convolutions as for
inference, in channels-last memory. Weights are random: speed does not depend on them. The rate is of the median time
over a second. f32 is f32 (no TF32); a second line allows TF32, which is what PyTorch's convolutions do unasked.
"""

import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

FILTER = sys.argv[1] if len(sys.argv) > 1 else ""
SECONDS = 1
torch.backends.cudnn.benchmark = True


class Conv(nn.Module):
    """A folded convolution and its activation."""

    def __init__(self, inputs, outputs, kernel=1, stride=1, groups=1, activation=F.silu):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)
        self.activation = activation

    def forward(self, x):
        x = self.conv(x)
        return self.activation(x, inplace=True) if self.activation else x


class C2f(nn.Module):
    def __init__(self, inputs, outputs, repeats, residual):
        super().__init__()
        half = outputs // 2
        self.split, self.residual = Conv(inputs, outputs), residual
        self.blocks = nn.ModuleList(nn.Sequential(Conv(half, half, 3), Conv(half, half, 3)) for _ in range(repeats))
        self.merge = Conv((2 + repeats) * half, outputs)

    def forward(self, x):
        parts = list(self.split(x).chunk(2, 1))
        for block in self.blocks:
            y = block(parts[-1])
            parts.append(parts[-1] + y if self.residual else y)
        return self.merge(torch.cat(parts, 1))


class Sppf(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.reduce, self.merge = Conv(channels, channels // 2), Conv(channels * 2, channels)

    def forward(self, x):
        parts = [self.reduce(x)]
        for _ in range(3):
            parts.append(F.max_pool2d(parts[-1], 5, 1, 2))
        return self.merge(torch.cat(parts, 1))


class Yolov8(nn.Module):
    def __init__(self, width, classes=13):
        super().__init__()
        c1, c2, c3, c4, c5 = (int(c * width) for c in (64, 128, 256, 512, 1024))
        n1, n2 = 1, 2  # repeats of the nano and small variants
        self.p3 = nn.Sequential(
            Conv(3, c1, 3, 2), Conv(c1, c2, 3, 2), C2f(c2, c2, n1, True), Conv(c2, c3, 3, 2), C2f(c3, c3, n2, True)
        )
        self.p4 = nn.Sequential(Conv(c3, c4, 3, 2), C2f(c4, c4, n2, True))
        self.p5 = nn.Sequential(Conv(c4, c5, 3, 2), C2f(c5, c5, n1, True), Sppf(c5))
        self.up4, self.up3 = C2f(c5 + c4, c4, n1, False), C2f(c4 + c3, c3, n1, False)
        self.down3, self.out4 = Conv(c3, c3, 3, 2), C2f(c3 + c4, c4, n1, False)
        self.down4, self.out5 = Conv(c4, c4, 3, 2), C2f(c4 + c5, c5, n1, False)

        def branches(hidden, outputs):
            return nn.ModuleList(
                nn.Sequential(Conv(c, hidden, 3), Conv(hidden, hidden, 3), Conv(hidden, outputs, activation=None))
                for c in (c3, c4, c5)
            )

        self.boxes, self.classes = branches(max(16, c3 // 4, 64), 64), branches(max(c3, min(classes, 100)), classes)

    def forward(self, x):
        p3 = self.p3(x)
        p4 = self.p4(p3)
        p5 = self.p5(p4)
        up = lambda x: F.interpolate(x, scale_factor=2, mode="nearest")
        h4 = self.up4(torch.cat([up(p5), p4], 1))
        o3 = self.up3(torch.cat([up(h4), p3], 1))
        o4 = self.out4(torch.cat([self.down3(o3), h4], 1))
        o5 = self.out5(torch.cat([self.down4(o4), p5], 1))
        return [(b(o), c(o)) for b, c, o in zip(self.boxes, self.classes, (o3, o4, o5))]


class MbConv(nn.Module):
    def __init__(self, inputs, outputs, expansion, kernel, stride):
        super().__init__()
        hidden = inputs * expansion
        self.expand = Conv(inputs, hidden) if expansion > 1 else nn.Identity()
        self.depthwise = Conv(hidden, hidden, kernel, stride, hidden)
        self.reduce, self.gate = nn.Conv2d(hidden, inputs // 4, 1), nn.Conv2d(inputs // 4, hidden, 1)
        self.project, self.residual = Conv(hidden, outputs, activation=None), stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.depthwise(self.expand(x))
        y = y * torch.sigmoid(self.gate(F.silu(self.reduce(F.adaptive_avg_pool2d(y, 1)))))
        y = self.project(y)
        return x + y if self.residual else y


class EfficientNet(nn.Module):
    STAGES = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3),
              (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]

    def __init__(self):
        super().__init__()
        layers, inputs = [Conv(3, 32, 3, 2)], 32
        for expansion, kernel, stride, outputs, repeats in self.STAGES:
            for i in range(repeats):
                layers.append(MbConv(inputs, outputs, expansion, kernel, stride if i == 0 else 1))
                inputs = outputs
        self.features, self.classifier = nn.Sequential(*layers, Conv(inputs, 1280)), nn.Linear(1280, 1000)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class Block(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        n, s, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, s, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        x = x + self.out(y.transpose(1, 2).reshape(n, s, width))
        return x + self.mlp(self.norm2(x))


class ImageTower(nn.Module):
    def __init__(self, width=768):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 32, 32, bias=False)
        self.start = nn.Parameter(torch.randn(1, 1, width))
        self.positions = nn.Parameter(torch.randn(50, width))
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.blocks = nn.Sequential(*(Block(width, 12, False) for _ in range(12)))
        self.projection = nn.Linear(width, 512, bias=False)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.start.expand(len(x), -1, -1), x], 1) + self.positions
        return self.projection(self.after(self.blocks(self.before(x))[:, 0]))


class TextTower(nn.Module):
    def __init__(self, width=512):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(49408, width), nn.Parameter(torch.randn(77, width))
        self.blocks = nn.Sequential(*(Block(width, 8, True) for _ in range(12)))
        self.after, self.projection = nn.LayerNorm(width), nn.Linear(width, 512, bias=False)

    def forward(self, x):
        ends = x.argmax(1)
        y = self.blocks(self.tokens(x) + self.positions)
        return self.projection(self.after(y[torch.arange(len(x), device=x.device), ends]))


def photos(side):
    return lambda batch, dtype: (
        torch.rand(batch, 3, side, side, device="cuda").to(dtype).contiguous(memory_format=torch.channels_last)
    )


def texts(batch, _):
    x = torch.full((batch, 77), 320, device="cuda")
    x[:, 0], x[:, -1] = 49406, 49407
    return x


MODELS = {
    "efficientnet_b0": (EfficientNet, photos(224)),
    "yolov8n": (lambda: Yolov8(0.25), photos(640)),
    "yolov8s": (lambda: Yolov8(0.5), photos(640)),
    "vit_b32_image": (ImageTower, photos(224)),
    "vit_b32_text": (TextTower, texts),
}


def rate(model, x):
    for _ in range(3):
        model(x)
    torch.cuda.synchronize()
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < SECONDS or len(times) < 3:
        one = time.perf_counter()
        model(x)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - one)
    return 1 / statistics.median(times)


def main():
    if not torch.cuda.is_available():
        sys.exit("torch sees no GPU")
    print("#", torch.cuda.get_device_name(), "torch", torch.__version__, "cudnn", torch.backends.cudnn.version())
    with torch.inference_mode():
        for name, (build, sample) in MODELS.items():
            if FILTER not in name:
                continue
            for runtime, dtype, tf32 in (
                ("torch-f32", torch.float32, False),
                ("torch-tf32", torch.float32, True),
                ("torch-bf16", torch.bfloat16, False),
            ):
                torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
                model = build().eval().to("cuda", dtype).to(memory_format=torch.channels_last)
                for batch in (1, 8, 64):
                    try:
                        print(name, batch, runtime, f"{rate(model, sample(batch, dtype)) * batch:.1f}", flush=True)
                    except torch.OutOfMemoryError:
                        print(name, batch, runtime, "failed: out of memory", flush=True)


if __name__ == "__main__":
    main()
