"""The model and the extractor of a run, new or from a checkpoint."""

from dataclasses import dataclass, field, replace
from typing import Any

from transformers import (
    AutoFeatureExtractor,
    PreTrainedModel,
    SequenceFeatureExtractor,
    set_seed,
)

from ..features import SpectrogramFeatureExtractor
from ..labels import check_labels_agree
from ..models.cct import CctConfig, CctForAudioClassification
from ..models.strict_loading import from_pretrained_new_head, from_pretrained_strict
from .json_settings import json_object
from .problems import problem_of, problem_type_of
from .speaker_building import build_speaker_extractor, build_speaker_model, start_from_cct
from .speech_building import build_speech_extractor, build_speech_model
from .targets import DIMENSIONS, dimension_ids

MODELS = ("cct", "speech_encoder", "speaker_cct")
SPEECH_SETTINGS = ("head", "layers", "num_encoder_layers", "reference")
SPEAKER_SETTINGS = ("fusion", "speaker_dropout", "speaker_reduction_dim")
# what each kind of model is asked for by name; "cct" needs no more than all have
_OWN = {
    "speech_encoder": ("encoder", *SPEECH_SETTINGS),
    "speaker_cct": ("speaker_encoder", "transfer_from", "own_voice", *SPEAKER_SETTINGS),
}
_FOR = {"speech_encoder": "speech encoders", "speaker_cct": "speaker-conditioned CCTs"}


@dataclass
class ModelArguments:
    """Which model to train, on which features.

    Raises:
        ValueError: if a JSON setting cannot be read.
    """

    model_name_or_path: str | None = field(
        default=None,
        metadata={"help": "Checkpoint to fine-tune, a folder or a Hub id; by default a new model is made."},
    )
    model: str = field(
        default="cct",
        metadata={
            "help": "Kind of a new model: cct, a spectrogram transformer from scratch; speaker_cct, one that is told "
            "whose voice it hears; or speech_encoder, a pretrained encoder (Whisper, HuBERT, wav2vec 2.0, WavLM, ...) "
            "with a new head."
        },
    )
    variant: str = field(
        default="cct_2_3x2_32", metadata={"help": "A new CCT's named variant, see CctConfig.from_variant."}
    )
    encoder: str | None = field(
        default=None, metadata={"help": "Pretrained speech encoder of a new model, a folder or a Hub id."}
    )
    head: str | None = field(
        default=None,
        metadata={
            "help": "Head on a speech encoder, such as statistics, see SpeechEncoderConfig; mean_tanh if not said."
        },
    )
    layers: list[int] | None = field(
        default=None,
        metadata={
            "help": "Hidden states of the speech encoder that the head reads: 0 is the input of the first layer, k "
            "the output of layer k, negative ones count from the end; by default the head's own choice."
        },
    )
    num_encoder_layers: int | None = field(
        default=None,
        metadata={"help": "Keep this many of the speech encoder's layers; those above are neither run nor saved."},
    )
    reference: str | None = field(
        default=None,
        metadata={
            "help": "Let a speech encoder take other clips of the same voice as references: standardise, or film; see "
            "SpeechEncoderConfig."
        },
    )
    speaker_encoder: str | None = field(
        default=None,
        metadata={
            "help": "Pretrained speaker encoder of a new speaker_cct, a folder or a Hub id: ECAPA-TDNN or VGG-Vox as "
            "converted, or an X-vector model. It stays frozen and becomes a part of the model."
        },
    )
    fusion: str | None = field(
        default=None,
        metadata={
            "help": "Where a speaker_cct meets the speaker's vector: pair, token or speaker_token, see "
            "SpeakerCctConfig; the variant's own, or token, if not said."
        },
    )
    speaker_dropout: float | None = field(
        default=None,
        metadata={"help": "Share of clips whose speaker vector is withheld in training; 0.1 if not said."},
    )
    own_voice: bool | None = field(
        default=None,
        metadata={
            "help": "Whether a speaker_cct hears the voice in each clip itself, whose vector tells of emotion too; "
            "yes if not said. False: in other clips of the speaker, drawn anew in every epoch, for use with "
            "references; without these the voice is unknown then."
        },
    )
    speaker_reduction_dim: int | None = field(
        default=None,
        metadata={"help": "Reduce speaker vectors to this size by a PCA fitted on training clips; off if not said."},
    )
    transfer_from: str | None = field(
        default=None,
        metadata={
            "help": "Trained plain CCT of the same size to start a new speaker_cct from: folder, Hub id or original "
            "file. {fold} stands for the number of the fold, as in outputs/plain/fold-{fold}."
        },
    )
    model_config: dict | str | None = field(
        default=None, metadata={"help": "JSON: further settings of the new model's config."}
    )
    features: str = field(default="log_mel", metadata={"help": "A new extractor's preset; for CCT."})
    feature_config: dict | str | None = field(
        default=None,
        metadata={"help": "JSON: settings of the new extractor that differ from the preset's or encoder's."},
    )
    new_head: bool = field(
        default=False, metadata={"help": "Replace the checkpoint's head where its labels differ from the corpus's."}
    )
    target: str = field(
        default="emotion",
        metadata={
            "help": "What the model says of a clip: its emotion, values of dimensions, or several emotions "
            "(multi-label, from the column emotions)."
        },
    )
    dimensions: list[str] = field(
        default_factory=lambda: list(DIMENSIONS),
        metadata={"help": "Columns to learn with target=dimensions, in the corpus's own unit."},
    )

    def __post_init__(self) -> None:
        """Read the settings that are JSON on the command line, and check that they go together."""
        problem_type_of(self.target)
        self.model_config = json_object("model_config", self.model_config)
        self.feature_config = json_object("feature_config", self.feature_config)
        if self.model not in MODELS:
            raise ValueError(f"model is {self.model!r}, expected one of {', '.join(MODELS)}")
        said = [name for own in _OWN.values() for name in own if getattr(self, name) is not None]
        if self.model_name_or_path is not None and said:
            raise ValueError(
                f"{', '.join(said)} and model_name_or_path are given, but a checkpoint brings its own; "
                "leave one side out"
            )
        for kind, own in _OWN.items():
            strange = [name for name in own if name in said]
            if self.model != kind and strange:
                raise ValueError(
                    f"{', '.join(strange)} is for {_FOR[kind]}, but model is {self.model!r}; set model to {kind!r} "
                    f"(--model {kind})"
                )
        if self.model == "speaker_cct" and self.model_name_or_path is None:
            self._check_speaker_cct()
        if self.model == "speech_encoder" and self.model_name_or_path is None:
            if self.encoder is None:
                raise ValueError(
                    "model is 'speech_encoder' but encoder is not given; name a folder or Hub id of a pretrained "
                    "encoder, such as --encoder openai/whisper-base"
                )
            if self.features != "log_mel" or self.variant != "cct_2_3x2_32":
                raise ValueError(
                    f"features is {self.features!r} and variant {self.variant!r}, which are for model='cct': a speech "
                    "encoder brings its own; leave them out, and say what differs in feature_config and model_config"
                )

    def _check_speaker_cct(self) -> None:
        if self.speaker_encoder is None:
            raise ValueError(
                "model is 'speaker_cct' but speaker_encoder is not given; name a folder or Hub id of a speaker "
                "encoder, such as what hf_ser.convert_ecapa_tdnn_checkpoint wrote (--speaker_encoder outputs/ecapa)"
            )
        further = json_object("model_config", self.model_config)
        twice = [name for name in SPEAKER_SETTINGS if name in further and getattr(self, name) is not None]
        if twice:
            raise ValueError(
                f"{', '.join(twice)} is both a setting of the run and in model_config, expected one; leave it out of "
                "model_config"
            )

    def decisive(self) -> dict[str, Any]:
        """What decides the outcome of a run, by name; settings of one kind of model only where such a one is made."""
        strange = {name for kind, own in _OWN.items() if kind != self.model for name in own}
        if self.model == "cct":
            strange.add("model")
        return {name: value for name, value in vars(self).items() if name not in strange}

    def for_fold(self, number: int) -> "ModelArguments":
        """The same for a fold of this number, which `{fold}` in `transfer_from` stands for."""
        if self.transfer_from is None:
            return self
        return replace(self, transfer_from=self.transfer_from.replace("{fold}", str(number)))


def build_extractor(arguments: ModelArguments) -> SequenceFeatureExtractor:
    """The extractor of a run: the checkpoint's own, the encoder's, or a new one from its preset."""
    if arguments.model_name_or_path is not None:
        return AutoFeatureExtractor.from_pretrained(arguments.model_name_or_path)
    settings = json_object("feature_config", arguments.feature_config)
    if arguments.encoder is not None:
        return build_speech_extractor(arguments.encoder, settings)
    if arguments.speaker_encoder is not None:
        if arguments.own_voice is not None:
            settings = settings | {"own_voice": arguments.own_voice}
        return build_speaker_extractor(arguments.speaker_encoder, arguments.features, settings)
    return SpectrogramFeatureExtractor.from_preset(arguments.features, **settings)


def needs_fitting(extractor: SequenceFeatureExtractor) -> bool:
    """Whether the extractor normalises with figures that are still to be found on training clips."""
    figures = {"band": "band_mean", "band_minmax": "band_min"}.get(getattr(extractor, "normalization", ""))
    return figures is not None and getattr(extractor, figures) is None


def build_model(
    arguments: ModelArguments, labels: list[str], extractor: SequenceFeatureExtractor, seed: int
) -> PreTrainedModel:
    """The model of a run; new weights are drawn from the seed.

    Args:
        arguments: which model.
        labels: emotion names, in the order of the classes; or names of dimensions. See `target_labels`.
        extractor: what gives the model its input shape.
        seed: for weights that are drawn.

    Raises:
        ValueError: if a checkpoint's labels or target differ from what is asked for, and `new_head` was not; or its
            weights do not fit (`CheckpointError`).
    """
    set_seed(seed)
    names: dict[str, Any] = {
        "id2label": dict(enumerate(labels)),
        "label2id": {label: index for index, label in enumerate(labels)},
    }
    if arguments.target != "emotion" or arguments.new_head:
        names["problem_type"] = problem_type_of(arguments.target)
    further = json_object("model_config", arguments.model_config)
    if arguments.encoder is not None:
        said = {name: getattr(arguments, name) for name in SPEECH_SETTINGS if getattr(arguments, name) is not None}
        return build_speech_model(arguments.encoder, extractor, **said | further | names)
    if arguments.model_name_or_path is None:
        channels, rows, columns = extractor.output_size
        said = {name: getattr(arguments, name) for name in SPEAKER_SETTINGS if getattr(arguments, name) is not None}
        settings = {"num_channels": channels, "image_size": [rows, columns]} | said | further
        if settings["image_size"][1] is None:
            raise ValueError(
                "the extractor has no fixed number of frames, so the model's image_size is not known; "
                "set num_frames in feature_config, or image_size in model_config"
            )
        if arguments.speaker_encoder is None:
            return CctForAudioClassification(CctConfig.from_variant(arguments.variant, **settings, **names))
        model = build_speaker_model(arguments.speaker_encoder, arguments.variant, **settings, **names)
        if arguments.transfer_from is not None:
            start_from_cct(model, arguments.transfer_from)
        return model
    if arguments.new_head:
        return from_pretrained_new_head(arguments.model_name_or_path, **names)
    model = from_pretrained_strict(arguments.model_name_or_path)
    kind = problem_of(model.config).kind
    if kind != arguments.target:
        raise ValueError(
            f"target is {arguments.target!r}, but the checkpoint {arguments.model_name_or_path!r} was trained for "
            f"{kind!r} (problem_type={model.config.problem_type!r}); set target to that, or set new_head"
        )
    if kind != "dimensions":
        check_labels_agree(model.config.id2label, labels)
    elif dimension_ids(model.config.id2label).columns != list(labels):
        raise ValueError(
            f"dimensions is {list(labels)}, but the checkpoint has {dimension_ids(model.config.id2label).columns}; "
            "name the same in the same order, or set new_head to replace its head"
        )
    return model
