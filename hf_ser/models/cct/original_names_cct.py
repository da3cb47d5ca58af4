"""What the original code calls the tensors of its models, and what they are called here."""

from collections.abc import Iterable

from .configuration_cct import CctConfig
from .configuration_speaker_cct import SpeakerCctConfig

TABLE = "classifier.positional_emb"
HEAD = "classifier.fc."
# part of an original block -> our part, and whether it has a bias
_BLOCK_PARTS = {
    "pre_norm": ("layernorm_before", True),
    "norm1": ("layernorm_after", True),
    "self_attn.qkv": ("attention.qkv", False),
    "self_attn.proj": ("attention.o_proj", True),
    "linear1": ("mlp.fc1", True),
    "linear2": ("mlp.fc2", True),
}


def original_names(config: CctConfig) -> dict[str, str]:
    """Original name -> our name for every tensor of a model that is used, except the positional table.

    Args:
        config: Its configuration; a `SpeakerCctConfig` for the speaker-conditioned models.
    """
    names = {}
    for stage in range(config.tokenizer_num_layers):
        for kind in ("weight", "bias") if config.tokenizer_bias else ("weight",):
            ours = f"cct.embeddings.tokenizer.stages.{stage}.conv.{kind}"
            names[f"tokenizer.conv_layers.{stage}.0.{kind}"] = ours
    fusion = config.fusion if isinstance(config, SpeakerCctConfig) else None
    blocks = {f"classifier.blocks.{block}": f"cct.layers.{block}" for block in range(config.num_hidden_layers)}
    norm = "classifier.norm_cct" if fusion == "pair" else "classifier.norm"
    modules = {norm: ("cct.layernorm", True), HEAD.removesuffix("."): ("classifier", True)}
    if config.pooling == "class_token":
        names["classifier.class_emb"] = "cct.embeddings.class_token"
    elif fusion != "speaker_token":
        suffix = "" if fusion is None else "_cct"
        modules[f"classifier.attention_pool{suffix}"] = ("cct.pooler.score", True)
    if fusion == "pair":
        blocks["classifier.blocks_scnd_level.0"] = "cct.pair.block"
        names["classifier.positional_emb_scnd_blcks"] = "cct.pair.position_embeddings"
        modules["classifier.norm_after_blocks"] = ("cct.pair.layernorm", True)
    for theirs, ours in blocks.items():
        for part, (our_part, bias) in _BLOCK_PARTS.items():
            modules[f"{theirs}.{part}"] = (f"{ours}.{our_part}", bias)
    for theirs, (ours, bias) in modules.items():
        for kind in ("weight", "bias") if bias else ("weight",):
            names[f"{theirs}.{kind}"] = f"{ours}.{kind}"
    return names


def dead_names(config: CctConfig) -> list[str]:
    """Tensors that original checkpoints hold and their models never use: a norm of the pair model."""
    dead = isinstance(config, SpeakerCctConfig) and config.fusion == "pair"
    return ["classifier.norm.weight", "classifier.norm.bias"] if dead else []


def speaker_variant_of(names: Iterable[str]) -> str | None:
    """How the published speaker-conditioned model is called whose kind of tensors these are; None for a plain CCT's.

    A pair has a second level of blocks, a token its own pooling, and a classified speaker token no pooling at all.

    Args:
        names: Original names.
    """
    parts = {name.split(".")[1] for name in names if name.startswith("classifier.")}
    if "blocks" not in parts:
        return None
    if parts & {"blocks_scnd_level", "norm_cct"}:
        return "speaker_vgg_cct_14_7x2_224"
    if "attention_pool_cct" in parts:
        return "speaker_vgg_cct_end_to_end_14_7x2_224"
    return None if parts & {"attention_pool", "class_emb"} else "speaker_vgg_cct_end_to_end_speaker_token_14_7x2_224"


__all__ = ["HEAD", "TABLE", "dead_names", "original_names", "speaker_variant_of"]
