"""Slow and plain re-implementations, clip by clip, on weights under the originals' names, drawn by the golden rule."""

import torch
from golden_rule import draw, weight
from torch.nn import functional as F

from hf_ser import EcapaTdnnConfig, VggVoxConfig

ECAPA = {"num_mel_bins": 6, "hidden_size": 12, "res2net_scale": 3, "squeeze_size": 5, "aggregation_size": 10}
ECAPA |= {"attention_size": 4, "embedding_size": 7}
VGG = {"hidden_sizes": [3, 4, 5, 4, 3, 8, 6], "embedding_size": 5}


def ecapa_config(**settings):
    return EcapaTdnnConfig(**ECAPA | settings)


def vgg_config(**settings):
    return VggVoxConfig(**VGG | settings)


def _tdnn_shapes(name, incoming, outgoing, kernel=1):
    shapes = {f"{name}.conv.conv.weight": (outgoing, incoming, kernel), f"{name}.conv.conv.bias": (outgoing,)}
    kinds = dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (outgoing,))
    return shapes | {
        f"{name}.norm.norm.{kind}": shape for kind, shape in (kinds | {"num_batches_tracked": ()}).items()
    }


def speechbrain_weights(c):
    """Tensors of SpeechBrain's ECAPA-TDNN of these sizes, by its names."""
    width = c.hidden_size // c.res2net_scale
    shapes = _tdnn_shapes("blocks.0", c.num_mel_bins, c.hidden_size, c.kernel_sizes[0])
    for block in range(1, len(c.kernel_sizes)):
        name = f"blocks.{block}"
        shapes |= _tdnn_shapes(f"{name}.tdnn1", c.hidden_size, c.hidden_size)
        shapes |= _tdnn_shapes(f"{name}.tdnn2", c.hidden_size, c.hidden_size)
        for part in range(c.res2net_scale - 1):
            shapes |= _tdnn_shapes(f"{name}.res2net_block.blocks.{part}", width, width, c.kernel_sizes[block])
        shapes[f"{name}.se_block.conv1.conv.weight"] = (c.squeeze_size, c.hidden_size, 1)
        shapes[f"{name}.se_block.conv1.conv.bias"] = (c.squeeze_size,)
        shapes[f"{name}.se_block.conv2.conv.weight"] = (c.hidden_size, c.squeeze_size, 1)
        shapes[f"{name}.se_block.conv2.conv.bias"] = (c.hidden_size,)
    shapes |= _tdnn_shapes("mfa", (len(c.kernel_sizes) - 1) * c.hidden_size, c.aggregation_size)
    shapes |= _tdnn_shapes("asp.tdnn", 3 * c.aggregation_size, c.attention_size)
    shapes["asp.conv.conv.weight"] = (c.aggregation_size, c.attention_size, 1)
    shapes["asp.conv.conv.bias"] = (c.aggregation_size,)
    norm = {
        f"asp_bn.norm.{kind}": (2 * c.aggregation_size,) for kind in ("weight", "bias", "running_mean", "running_var")
    }
    shapes |= norm | {"asp_bn.norm.num_batches_tracked": ()}
    shapes["fc.conv.weight"] = (c.embedding_size, 2 * c.aggregation_size, 1)
    shapes["fc.conv.bias"] = (c.embedding_size,)
    # the rule for gains knows them by their single axis; twice as large, so that mistakes show
    return {name: 2 * weight(name, shape) if len(shape) > 1 else weight(name, shape) for name, shape in shapes.items()}


def ecapa_reference(w, c, frames):
    """Embedding (size,) of one clip, frames (time, mels)."""

    def norm(name, x):
        w_, b, m, v = (w[f"{name}.norm.{kind}"] for kind in ("weight", "bias", "running_mean", "running_var"))
        scaled = (x.movedim(0, -1) - m) / (v + 1e-5).sqrt() * w_ + b
        return scaled.movedim(-1, 0)

    def tdnn(name, x, dilation=1):
        kernel = w[f"{name}.conv.conv.weight"]
        reach = dilation * (kernel.shape[2] // 2)
        if reach:
            x = torch.cat([x[:, 1 : reach + 1].flip(1), x, x[:, -reach - 1 : -1].flip(1)], dim=1)
        return norm(
            f"{name}.norm", F.conv1d(x[None], kernel, w[f"{name}.conv.conv.bias"], dilation=dilation)[0].relu()
        )

    def dense(name, x):
        return w[f"{name}.weight"][..., 0] @ x + w[f"{name}.bias"]

    x = tdnn("blocks.0", frames.T, c.dilations[0])
    outcomes = []
    for block in range(1, len(c.kernel_sizes)):
        name = f"blocks.{block}"
        parts = list(tdnn(f"{name}.tdnn1", x).split(c.hidden_size // c.res2net_scale))
        for part in range(1, len(parts)):
            given = parts[part] + parts[part - 1] if part > 1 else parts[part]
            parts[part] = tdnn(f"{name}.res2net_block.blocks.{part - 1}", given, c.dilations[block])
        y = tdnn(f"{name}.tdnn2", torch.cat(parts))
        gate = dense(f"{name}.se_block.conv2.conv", dense(f"{name}.se_block.conv1.conv", y.mean(1)).relu()).sigmoid()
        x = x + y * gate[:, None]
        outcomes.append(x)
    x = tdnn("mfa", torch.cat(outcomes))
    statistics = torch.cat([x.mean(1), x.std(1, correction=0)])[:, None].expand(-1, x.shape[1])
    hidden = tdnn("asp.tdnn", torch.cat([x, statistics])).tanh()
    attention = F.conv1d(hidden[None], w["asp.conv.conv.weight"], w["asp.conv.conv.bias"])[0].softmax(1)
    mean = (attention * x).sum(1)
    deviation = ((attention * (x - mean[:, None]) ** 2).sum(1)).sqrt()
    return dense("fc.conv", norm("asp_bn", torch.cat([mean, deviation])))


def keras_arrays(c):
    """Arrays of the Keras VGG-Vox by "layer/kind", axes as Keras lays them: (frequency, time, in, out)."""
    sizes = [1, *c.hidden_sizes, c.embedding_size]
    kernels = [(7, 7), (5, 5), (3, 3), (3, 3), (3, 3), (9, 1), (1, 1), (1, 1)]
    arrays = {}
    for layer, (kernel, incoming, outgoing) in enumerate(zip(kernels, sizes, sizes[1:], strict=False), start=1):
        name = f"{'conv' if layer < 6 else 'fc'}{layer}"
        shape = (*kernel, incoming, outgoing)
        arrays[f"{name}/kernel"] = draw(f"{name}/kernel", shape) * (2 / (shape[0] * shape[1] * incoming)) ** 0.5
        arrays[f"{name}/bias"] = 0.1 * draw(f"{name}/bias", (outgoing,))
        if layer < 8:
            arrays[f"bn{layer}/gamma"] = 1 + 0.1 * draw(f"bn{layer}/gamma", (outgoing,))
            arrays[f"bn{layer}/beta"] = 0.1 * draw(f"bn{layer}/beta", (outgoing,))
            arrays[f"bn{layer}/moving_mean"] = 0.1 * draw(f"bn{layer}/moving_mean", (outgoing,))
            arrays[f"bn{layer}/moving_variance"] = 1 + 0.1 * abs(draw(f"bn{layer}/moving_variance", (outgoing,)))
    return {name: array.astype("float32") for name, array in arrays.items()}


def vgg_reference(arrays, frames):
    """Embedding (size,) of one clip, frames (time, 512), computed with frequency down and time across."""
    w = {name: torch.from_numpy(array) for name, array in arrays.items()}

    def conv(layer, x, stride=1, padding=0, name="conv"):
        kernel = w[f"{name}{layer}/kernel"].permute(3, 2, 0, 1)
        x = F.conv2d(x, kernel, w[f"{name}{layer}/bias"], stride, padding)
        kinds = ("moving_mean", "moving_variance", "gamma", "beta")
        return F.batch_norm(x, *(w[f"bn{layer}/{kind}"] for kind in kinds), eps=1e-5).relu()

    x = F.max_pool2d(conv(1, frames.T[None, None], 2, 1), 3, 2)
    x = F.max_pool2d(conv(2, x, 2, 1), 3, 2)
    x = conv(4, conv(3, x, 1, 1), 1, 1)
    x = F.max_pool2d(conv(5, x, 1, 1), (5, 3), (3, 2))
    x = conv(6, x, name="fc").mean((2, 3), keepdim=True)
    x = conv(7, x, name="fc")
    x = x / x.square().sum().clamp(min=1e-12).sqrt()
    return F.conv2d(x, w["fc8/kernel"].permute(3, 2, 0, 1), w["fc8/bias"])[0, :, 0, 0]
