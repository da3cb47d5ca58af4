"""The settings of a training run."""

from dataclasses import dataclass, field
from typing import Any

from transformers import TrainingArguments

from .class_weights import parse_class_weights
from .stages import check_learning_rates, parse_patterns, parse_stages


@dataclass
class SerTrainingArguments(TrainingArguments):
    """transformers' `TrainingArguments` with the settings and the defaults of speech emotion recognition.

    By default the model is evaluated on the validation speakers after every epoch, the checkpoint of the best UA is
    kept and loaded at the end, and nothing is reported to outside services.

    Raises:
        ValueError: if a setting is out of range or settings contradict each other.
    """

    eval_strategy: str = field(default="epoch", metadata={"help": "When to evaluate on the validation speakers."})
    save_strategy: str = field(default="epoch", metadata={"help": "When to save a checkpoint."})
    save_total_limit: int | None = field(default=2, metadata={"help": "Checkpoints to keep, the best among them."})
    load_best_model_at_end: bool = field(default=True, metadata={"help": "Return to the best validation checkpoint."})
    metric_for_best_model: str | None = field(
        default="ua", metadata={"help": "What 'best' means: ua, wa or macro_f1; ccc for dimensions."}
    )
    restore_callback_states_from_checkpoint: bool = field(
        default=True, metadata={"help": "Resume early stopping where it was."}
    )
    report_to: str | None = field(default="none", metadata={"help": "Where to report to besides the console."})
    hub_strategy: str = field(default="end", metadata={"help": "When to push to the Hub."})
    remove_unused_columns: bool = field(
        default=False, metadata={"help": "Must stay false: the collator reads waveforms."}
    )

    muon_learning_rate: float | None = field(
        default=None,
        metadata={"help": "Train hidden matrices with Muon at this learning rate, and the rest with AdamW as usual."},
    )
    fit_head: str = field(
        default="gradient",
        metadata={
            "help": "gradient: step by step; ridge: a linear head on a frozen encoder by ridge regression, whose "
            "penalty is chosen among training speakers; num_train_epochs counts passes over the augmented clips."
        },
    )
    average_weights_from: float | None = field(
        default=None,
        metadata={
            "help": "Share of the run after which its weights are averaged over all further steps; that average is "
            "what training ends with. 0.5 averages the second half."
        },
    )
    augmentation: str = field(
        default="none",
        metadata={"help": "Waveform augmentation of the training side: a preset, or a JSON list of steps."},
    )
    time_masks: int = field(default=0, metadata={"help": "SpecAugment time masks for each training clip."})
    time_mask_share: float = field(default=0.1, metadata={"help": "Widest time mask, as a share of the clip."})
    frequency_masks: int = field(default=0, metadata={"help": "SpecAugment frequency masks for each training clip."})
    frequency_mask_width: int = field(default=8, metadata={"help": "Widest frequency mask, in bands."})
    frequency_shift: int = field(default=0, metadata={"help": "Largest random shift along frequency, in bands."})
    mixup_alpha: float = field(
        default=0.0,
        metadata={"help": "Mix each training clip with another, in shares drawn from Beta(alpha, alpha); 0 is off."},
    )
    mixup_mode: str = field(
        default="sample",
        metadata={"help": "Draw a share for each clip (sample), or one for the whole batch (batch)."},
    )
    stability_weight: float = field(
        default=0.0,
        metadata={
            "help": "Stability training: judge a noisy twin of each clip too, and count its divergence from the clip "
            "by this factor; 0 is off."
        },
    )
    stability_noise_dir: str | None = field(
        default=None, metadata={"help": "Folder of noise recordings for the twins; by default noise is generated."}
    )
    stability_snr_db: list[float] = field(
        default_factory=lambda: [0.0, 10.0],
        metadata={"help": "Lowest and highest signal-to-noise ratio of the twins, in dB."},
    )
    stability_reverb: float = field(
        default=0.125, metadata={"help": "Share of the twins that are reverberant instead of noisy."}
    )
    class_weights: dict | str | None = field(
        default="none",
        metadata={"help": "Weights of the classes in the loss: none, balanced, or a JSON object by emotion."},
    )
    focal_gamma: float = field(
        default=0.0, metadata={"help": "Exponent of the focal loss; 0 is plain cross-entropy, 2 is usual."}
    )
    class_sampling: str = field(
        default="none",
        metadata={
            "help": "none; oversample: every class as often as the largest; balanced: classes equally likely, epochs "
            "as long as without."
        },
    )
    reference_speakers_per_batch: int = field(
        default=4,
        metadata={"help": "Speakers of a batch, for models with references, which are drawn among their clips."},
    )
    reference_dropout: float = field(
        default=0.25, metadata={"help": "Share of the training clips that get no references, for models with them."}
    )
    eval_reference_clips: int = field(
        default=0,
        metadata={"help": "Unlabelled clips of each evaluated speaker that are given as references, and not scored."},
    )
    freeze: list[str] = field(
        default_factory=list,
        metadata={
            "help": "What is not trained: encoder, layers, embeddings, or names of modules such as feature_extractor."
        },
    )
    unfreeze_at: dict | str | None = field(
        default=None,
        metadata={
            "help": "When frozen parts are trained after all: gradual, or a JSON object from epochs to a number of "
            'layers from the top, all, or names of modules, such as \'{"2": 1, "4": "all"}\'.'
        },
    )
    layer_learning_rate_decay: float = field(
        default=1.0, metadata={"help": "The learning rate of each layer is that of the layer above times this factor."}
    )
    head_learning_rate: float | None = field(
        default=None, metadata={"help": "Learning rate of the head; by default that of the rest."}
    )
    mse_weight: float = field(
        default=0.0,
        metadata={"help": "Share of the squared error in the loss of dimensions; the rest is 1 - CCC."},
    )
    max_train_seconds: float | None = field(
        default=None, metadata={"help": "Longer training clips are cut to a random stretch of this length."}
    )
    feature_cache_dir: str | None = field(
        default=None,
        metadata={"help": "Folder to keep extracted features in, so that each clip is read and extracted once."},
    )
    feature_cache_views: int = field(
        default=1,
        metadata={"help": "Views of each training clip in the feature cache: itself, and augmented ones."},
    )
    prefix_cache_dir: str | None = field(
        default=None,
        metadata={
            "help": "Folder to keep what the frozen layers of a speech encoder make of each clip, so that epochs cost "
            "only what is trained."
        },
    )
    prefix_cache_views: int = field(
        default=1,
        metadata={"help": "Views of each training clip in the prefix cache: itself, and augmented ones."},
    )
    prefix_cache_dtype: str = field(
        default="float16", metadata={"help": "Type of the values in the prefix cache: float16 or float32."}
    )
    speaker_cache_dir: str | None = field(
        default=None,
        metadata={
            "help": "Folder to keep speaker vectors in, for models with a speaker encoder; by default the feature "
            "cache, or a folder in output_dir."
        },
    )
    early_stopping_patience: int | None = field(
        default=None, metadata={"help": "Stop after this many evaluations without a better validation metric."}
    )
    resume: bool = field(
        default=False, metadata={"help": "Continue from the last complete checkpoint in output_dir, if there is one."}
    )
    overwrite_run: bool = field(
        default=False, metadata={"help": "Delete the run that output_dir holds and start anew."}
    )
    allow_speaker_overlap: bool = field(
        default=False, metadata={"help": "Accept speakers on both the training and the validation side."}
    )

    def __post_init__(self) -> None:
        """Check the settings of this class, then transformers' own."""
        if self.remove_unused_columns:
            raise ValueError(
                "remove_unused_columns is True, expected False: the collator needs the waveforms; leave it out"
            )
        if self.resume and self.overwrite_run:
            raise ValueError("resume and overwrite_run are both True; a run is either continued or given up")
        for name in ("time_masks", "frequency_masks", "frequency_mask_width", "frequency_shift"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0 or more")
        for name in ("max_train_seconds", "muon_learning_rate", "early_stopping_patience"):
            if getattr(self, name) is not None and getattr(self, name) <= 0:
                raise ValueError(
                    f"{name} is {getattr(self, name)}, expected a number above 0; leave it out to switch it off"
                )
        if not 0.0 < self.time_mask_share <= 1.0:
            raise ValueError(f"time_mask_share is {self.time_mask_share}, expected a share in (0, 1]")
        self.freeze = parse_patterns("freeze", self.freeze)
        self.unfreeze_at = parse_stages(self.unfreeze_at)
        check_learning_rates(self.layer_learning_rate_decay, self.head_learning_rate)
        if not 0.0 <= self.mse_weight <= 1.0:
            raise ValueError(f"mse_weight is {self.mse_weight}, expected a share in [0, 1]; 0 is 1 - CCC alone")
        self._check_objective()
        self._check_sampling()
        self._check_caches()
        self._check_average()
        self._check_fit()
        if self.eval_strategy == "no":
            if self.early_stopping_patience is not None:
                raise ValueError(
                    "early_stopping_patience needs evaluations, but eval_strategy is 'no'; drop one of them"
                )
            self.load_best_model_at_end = False
            self.metric_for_best_model = None
        if self.save_strategy == "steps" and self.eval_strategy == "epoch":
            raise ValueError(
                "save_strategy is 'steps' with eval_strategy 'epoch', expected both alike: the last step of an epoch "
                "would be saved before the epoch is evaluated, so a run continued from there would leave that "
                "evaluation out and end with other weights; set both to 'epoch', or eval_strategy='steps' with "
                "eval_steps"
            )
        if self.push_to_hub and str(getattr(self.hub_strategy, "value", self.hub_strategy)) != "end":
            raise ValueError(f"hub_strategy is {self.hub_strategy!r}, expected 'end': the others upload pickled files")
        labels = getattr(self, "label_names", None)
        if labels not in (None, ["labels", "row_ids"]):
            raise ValueError(f"label_names is {labels}, expected ['labels', 'row_ids']; leave it out")
        self.label_names = ["labels", "row_ids"]
        super().__post_init__()

    def _check_objective(self) -> None:
        self.class_weights = parse_class_weights("none" if self.class_weights is None else self.class_weights)
        for name in ("mixup_alpha", "stability_weight", "focal_gamma"):
            value = getattr(self, name)
            if not 0.0 <= value < float("inf"):
                raise ValueError(f"{name} is {value}, expected 0 or more; 0 switches it off")
        if not 0.0 <= self.label_smoothing_factor < 1.0:
            raise ValueError(f"label_smoothing_factor is {self.label_smoothing_factor}, expected a share in [0, 1)")
        if self.mixup_mode not in ("sample", "batch"):
            raise ValueError(
                f"mixup_mode is {self.mixup_mode!r}, expected 'sample' (a share for each clip) or 'batch' (one for "
                "all)"
            )
        if self.mixup_mode != "sample" and self.mixup_alpha == 0.0:
            raise ValueError(
                f"mixup_mode is {self.mixup_mode!r} but mixup_alpha is 0, so nothing is mixed; set mixup_alpha, 0.4 "
                "is usual"
            )
        low, high = self.stability_snr_db if len(self.stability_snr_db) == 2 else (1.0, 0.0)
        if not -60.0 <= low <= high <= 100.0:
            raise ValueError(
                f"stability_snr_db is {self.stability_snr_db}, expected the lowest and the highest ratio in dB, from "
                "-60 to 100, such as 0 10"
            )
        if not 0.0 <= self.stability_reverb <= 1.0:
            raise ValueError(f"stability_reverb is {self.stability_reverb}, expected a share in [0, 1]")
        twins = (self.stability_noise_dir, list(self.stability_snr_db), self.stability_reverb)
        if self.stability_weight == 0.0 and twins != (None, [0.0, 10.0], 0.125):
            raise ValueError(
                "stability_noise_dir, stability_snr_db or stability_reverb is given but stability_weight is 0, so "
                "there are no twins; set stability_weight, 0.5 is usual"
            )

    def _check_caches(self) -> None:
        self._check_views("feature_cache")
        self._check_views("prefix_cache")
        if self.prefix_cache_dtype not in ("float16", "float32"):
            raise ValueError(f"prefix_cache_dtype is {self.prefix_cache_dtype!r}, expected 'float16' or 'float32'")
        if self.prefix_cache_dir is None:
            return
        if self.feature_cache_dir is not None:
            raise ValueError(
                "feature_cache_dir and prefix_cache_dir are both set, expected one: the prefix cache keeps what is "
                "made of the features; leave feature_cache_dir out"
            )
        below = {name: getattr(self, name) for name in ("time_masks", "frequency_masks", "frequency_shift")}
        if any(below.values()) or self.max_train_seconds is not None:
            raise ValueError(
                f"prefix_cache_dir is set with {below} and max_train_seconds={self.max_train_seconds}, which would "
                "change what the frozen layers hear in every epoch; vary clips by augmentation and prefix_cache_views "
                "instead, or leave prefix_cache_dir out"
            )

    def _check_fit(self) -> None:
        if self.fit_head not in ("gradient", "ridge"):
            raise ValueError(f"fit_head is {self.fit_head!r}, expected 'gradient' or 'ridge'")
        if self.fit_head == "gradient":
            return
        off: dict[str, Any] = {
            "mixup_alpha": 0.0,
            "stability_weight": 0.0,
            "focal_gamma": 0.0,
            "class_weights": "none",
        }
        off |= {"class_sampling": "none", "label_smoothing_factor": 0.0, "average_weights_from": None}
        off |= {"early_stopping_patience": None, "unfreeze_at": None, "reference_speakers_per_batch": 4}
        ignored = [f"{name}={getattr(self, name)!r}" for name, value in off.items() if getattr(self, name) != value]
        if ignored:
            raise ValueError(
                f"fit_head is 'ridge', which takes no steps and does not follow {', '.join(ignored)}; leave that out"
            )
        if self.eval_strategy != "no":
            raise ValueError(
                "fit_head is 'ridge', which has no epochs to evaluate; set eval_strategy to 'no' (--eval_strategy no)"
            )

    def _check_average(self) -> None:
        if self.average_weights_from is None:
            return
        if not 0.0 <= self.average_weights_from < 1.0:
            raise ValueError(
                f"average_weights_from is {self.average_weights_from}, expected a share in [0, 1), 0.5 for the second "
                "half; leave it out to switch it off"
            )
        if self.load_best_model_at_end and self.eval_strategy != "no":
            raise ValueError(
                "average_weights_from and load_best_model_at_end are both set, expected one: a run ends with the "
                "average of its weights or with its best epoch; set load_best_model_at_end to False "
                "(--load_best_model_at_end False)"
            )

    def _check_views(self, cache: str) -> None:
        """See that the views of a cache of this name have something to differ by."""
        views, folder = getattr(self, f"{cache}_views"), getattr(self, f"{cache}_dir")
        if views < 1:
            raise ValueError(f"{cache}_views is {views}, expected 1 or more")
        if folder is None and views > 1:
            raise ValueError(f"{cache}_views is {views} but {cache}_dir is not set, so there are no views; set it")
        varied = self.augmentation != "none" or self.stability_weight > 0
        if views > 1 and not varied:
            raise ValueError(
                f"{cache}_views is {views} but augmentation is 'none' and stability_weight 0, so all views "
                f"would be the same; set one of them, or leave {cache}_views out"
            )
        if folder is not None and self.augmentation != "none" and views == 1:
            raise ValueError(
                f"augmentation is {self.augmentation!r} with {cache}_dir and {cache}_views=1: what is kept is made "
                "once, so augmented clips must be kept as further views, of which each epoch draws one; "
                f"set {cache}_views (10 is usual), or leave {cache}_dir out"
            )

    def _check_sampling(self) -> None:
        if self.reference_speakers_per_batch < 1 or self.eval_reference_clips < 0:
            raise ValueError(
                f"reference_speakers_per_batch is {self.reference_speakers_per_batch} and eval_reference_clips "
                f"{self.eval_reference_clips}, expected 1 or more and 0 or more"
            )
        if not 0.0 <= self.reference_dropout <= 1.0:
            raise ValueError(f"reference_dropout is {self.reference_dropout}, expected a share in [0, 1]")
        if self.class_sampling not in ("none", "oversample", "balanced"):
            raise ValueError(
                f"class_sampling is {self.class_sampling!r}, expected 'none', 'oversample' (every class as often as "
                "the largest) or 'balanced' (classes equally likely, epochs as long as without)"
            )
        if self.train_sampling_strategy == "batch_rebalance":
            raise ValueError(
                "train_sampling_strategy is 'batch_rebalance', expected 'random', 'sequential' or 'group_by_length' "
                "(batches of like length)"
            )
        if self.class_sampling != "none" and self.train_sampling_strategy != "random":
            raise ValueError(
                f"class_sampling is {self.class_sampling!r} and train_sampling_strategy is "
                f"{self.train_sampling_strategy!r}; both say in which order clips come, drop one of them"
            )
        if self.class_sampling != "none" and self.class_weights == "balanced":
            raise ValueError(
                f"class_sampling is {self.class_sampling!r} and class_weights is 'balanced': rare classes would be "
                "made up for twice; drop one of them"
            )
