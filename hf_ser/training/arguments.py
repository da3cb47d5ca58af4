"""The settings of a training run."""

from dataclasses import dataclass, field

from transformers import TrainingArguments


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
        default="ua", metadata={"help": "What 'best' means: ua, wa or macro_f1."}
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
    augmentation: str = field(
        default="none",
        metadata={"help": "Waveform augmentation of the training side: a preset, or a JSON list of steps."},
    )
    time_masks: int = field(default=0, metadata={"help": "SpecAugment time masks for each training clip."})
    time_mask_share: float = field(default=0.1, metadata={"help": "Widest time mask, as a share of the clip."})
    frequency_masks: int = field(default=0, metadata={"help": "SpecAugment frequency masks for each training clip."})
    frequency_mask_width: int = field(default=8, metadata={"help": "Widest frequency mask, in bands."})
    frequency_shift: int = field(default=0, metadata={"help": "Largest random shift along frequency, in bands."})
    max_train_seconds: float | None = field(
        default=None, metadata={"help": "Longer training clips are cut to a random stretch of this length."}
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
        if self.eval_strategy == "no":
            if self.early_stopping_patience is not None:
                raise ValueError(
                    "early_stopping_patience needs evaluations, but eval_strategy is 'no'; drop one of them"
                )
            self.load_best_model_at_end = False
            self.metric_for_best_model = None
        if self.push_to_hub and str(getattr(self.hub_strategy, "value", self.hub_strategy)) != "end":
            raise ValueError(f"hub_strategy is {self.hub_strategy!r}, expected 'end': the others upload pickled files")
        labels = getattr(self, "label_names", None)
        if labels not in (None, ["labels", "row_ids"]):
            raise ValueError(f"label_names is {labels}, expected ['labels', 'row_ids']; leave it out")
        self.label_names = ["labels", "row_ids"]
        super().__post_init__()
