"""Speech emotion recognition for Hugging Face transformers.

Importing this package is light: public names load on first use, and the model types are registered with the Auto
classes as soon as (and only if) transformers' auto modules are loaded, in either import order.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._registration import register_when_transformers_loads
from .version import __version__

# public name -> module that defines it
_PUBLIC = {
    "AudioError": "audio",
    "load_audio": "audio",
    "SpeakerSpectrogramFeatureExtractor": "features",
    "SpectrogramFeatureExtractor": "features",
    "SpeechFeatureExtractor": "features",
    "CctConfig": "models.cct",
    "CctForAudioClassification": "models.cct",
    "CctModel": "models.cct",
    "SpeakerCctConfig": "models.cct",
    "SpeakerCctForAudioClassification": "models.cct",
    "SpeakerCctModel": "models.cct",
    "convert_cct_state_dict": "models.cct",
    "transfer_from_cct": "models.cct",
    "SpeechEncoderConfig": "models.speech_encoder",
    "SpeechEncoderForAudioClassification": "models.speech_encoder",
    "SpeechEncoderModel": "models.speech_encoder",
    "CorpusError": "corpora",
    "check_audio": "corpora",
    "combine_corpora": "corpora",
    "list_corpora": "corpora",
    "load_corpus": "corpora",
    "Fold": "protocols",
    "ProtocolError": "protocols",
    "SpeakerOverlapError": "protocols",
    "corpus_fingerprint": "protocols",
    "list_protocols": "protocols",
    "load_folds": "protocols",
    "save_folds": "protocols",
    "speaker_folds": "protocols",
    "Predictions": "evaluation",
    "compare_predictions": "evaluation",
    "comparison_table": "evaluation",
    "evaluate_predictions": "evaluation",
    "load_metric": "evaluation",
    "cross_validate": "training",
    "SerTrainer": "training",
    "SerTrainingArguments": "training",
    "EmotionClassifier": "inference",
    "SpeakerReference": "inference",
    "default_model": "hub",
    "from_pretrained_strict": "models.strict_loading",
    "convert_head_checkpoint": "models.speech_encoder.convert_head_checkpoint",
    "EcapaTdnnConfig": "models.speaker_encoder",
    "EcapaTdnnFeatureExtractor": "features",
    "EcapaTdnnModel": "models.speaker_encoder",
    "VggVoxConfig": "models.speaker_encoder",
    "VggVoxFeatureExtractor": "features",
    "VggVoxModel": "models.speaker_encoder",
    "convert_ecapa_tdnn_checkpoint": "models.speaker_encoder.convert_ecapa_tdnn_checkpoint",
    "convert_vgg_vox_checkpoint": "models.speaker_encoder.convert_vgg_vox_checkpoint",
    "embed_speakers": "models.speaker_encoder",
    "load_speaker_encoder": "models.speaker_encoder",
}
__all__ = ["__version__", *_PUBLIC]

if TYPE_CHECKING:
    from .audio import AudioError, load_audio
    from .corpora import CorpusError, check_audio, combine_corpora, list_corpora, load_corpus
    from .evaluation import (
        Predictions,
        compare_predictions,
        comparison_table,
        evaluate_predictions,
        load_metric,
    )
    from .features import (
        EcapaTdnnFeatureExtractor,
        SpeakerSpectrogramFeatureExtractor,
        SpectrogramFeatureExtractor,
        SpeechFeatureExtractor,
        VggVoxFeatureExtractor,
    )
    from .hub import default_model
    from .inference import EmotionClassifier, SpeakerReference
    from .models.cct import (
        CctConfig,
        CctForAudioClassification,
        CctModel,
        SpeakerCctConfig,
        SpeakerCctForAudioClassification,
        SpeakerCctModel,
        convert_cct_state_dict,
        transfer_from_cct,
    )
    from .models.speaker_encoder import (
        EcapaTdnnConfig,
        EcapaTdnnModel,
        VggVoxConfig,
        VggVoxModel,
        embed_speakers,
        load_speaker_encoder,
    )
    from .models.speaker_encoder.convert_ecapa_tdnn_checkpoint import convert_ecapa_tdnn_checkpoint
    from .models.speaker_encoder.convert_vgg_vox_checkpoint import convert_vgg_vox_checkpoint
    from .models.speech_encoder import (
        SpeechEncoderConfig,
        SpeechEncoderForAudioClassification,
        SpeechEncoderModel,
    )
    from .models.speech_encoder.convert_head_checkpoint import convert_head_checkpoint
    from .models.strict_loading import from_pretrained_strict
    from .protocols import (
        Fold,
        ProtocolError,
        SpeakerOverlapError,
        corpus_fingerprint,
        list_protocols,
        load_folds,
        save_folds,
        speaker_folds,
    )
    from .training import SerTrainer, SerTrainingArguments, cross_validate


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'hf_ser' has no attribute {name!r}; public names: {', '.join(sorted(_PUBLIC))}")
    value = getattr(import_module(f".{_PUBLIC[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_PUBLIC))


register_when_transformers_loads()
