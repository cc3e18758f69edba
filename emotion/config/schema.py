"""What params.yaml may hold, a class for each section.

No value has a default: the file alone decides what is run, and what stands here only refuses. That is why no
stage depends on this module, and a new parameter of one stage reruns no other.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, with_config
from typing_extensions import TypedDict  # pydantic needs it before Python 3.12

from emotion.config.loading import STRICT, Section, load
from emotion.config.names import OF_NAMES, composed, is_class_name
from emotion.labels import CLASSES, SIDE
from emotion.runtime.errors import UserError
from emotion.runtime.yaml import PARAMS

FARTHEST = 10  # bits of 64: at so many, faces of FER-2013 that do not look alike count as near, too
SHA256 = "^[0-9a-f]{64}$"
Layout = Literal["auto", "official", "csv", "images", "parquet"]
Labels = Literal["fer2013", "ferplus_majority", "ferplus_soft"]
Precision = Literal["float32", "bfloat16"]
ClassWeights = Literal["none", "balanced", "sqrt"]
Sampling = Literal["natural", "balanced"]


class DataParams(Section):
    """`data`: what the classes are called; null is FER-2013's seven."""

    classes: list[str] | None = Field(min_length=2, max_length=100)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes, by their numbers."""
        return CLASSES if self.classes is None else tuple(map(composed, self.classes))

    @field_validator("classes")
    @classmethod
    def _are_names(cls, classes: list[str] | None) -> list[str] | None:
        for name in classes or []:
            if not is_class_name(name):
                raise ValueError(f"{OF_NAMES}, and '{name}' is none")
        lower = [composed(name).lower() for name in classes or []]
        if twice := {name for name in lower if lower.count(name) > 1}:
            raise ValueError(f"'{min(twice)}' stands twice, apart from the case")
        return classes


class FacesParams(Section):
    """`fetch.faces`: how many faces to render; the same seed gives the same faces."""

    rows: int = Field(ge=1)
    seed: int = Field(ge=0)


class FetchParams(Section):
    """Where the CSV comes from, and what it must be."""

    source: Literal["huggingface", "file", "faces"]
    repo: str
    revision: str
    file: str
    path: str | None = Field(min_length=1)  # "" would be the project's own folder
    layout: Layout
    member: str | None
    max_gib: int = Field(ge=1, le=1 << 20)
    sha256: str | None = Field(pattern=SHA256)
    ferplus: str | None = Field(min_length=1)
    ferplus_sha256: str | None = Field(pattern=SHA256)
    faces: FacesParams


class ValidateParams(Section):
    """Whether the CSV claims to be FER-2013, how many rows it must have, and how many with a known fault."""

    dataset: Literal["fer2013", "own"]
    rows: int | None = Field(ge=1)
    class_tolerance: float = Field(ge=0, le=1)
    refuse_constant: float = Field(ge=0, le=1)
    refuse_duplicates: float = Field(ge=0, le=1)
    max_constant: int = Field(ge=0)
    max_duplicates: int = Field(ge=0)
    max_cross_split: int = Field(ge=0)
    max_conflicting: int = Field(ge=0)
    max_near_duplicates: int = Field(ge=0)
    near_distance: int | None = Field(ge=0, le=FARTHEST)


class PreprocessParams(Section):
    """How the rows are split, and what their labels are."""

    labels: Labels
    split: Literal["random", "official", "grouped"]
    validation: float = Field(gt=0, lt=0.5)
    test: float = Field(gt=0, lt=0.5)
    stratify: bool
    near_distance: int | None = Field(ge=0, le=FARTHEST)
    seed: int = Field(ge=0, lt=2**32)


class ModelParams(Section):
    """The network."""

    name: Literal["paper_cnn", "fast_cnn", "wide_cnn", "strong_cnn", "resemotenet"]
    dropout: float = Field(ge=0, lt=1)
    conv_dropout: float = Field(ge=0, lt=1)
    dense_dropout: float = Field(ge=0, lt=1)
    l2: float = Field(ge=0, lt=1)
    flip_average: bool
    shift_average: int = Field(ge=0, le=12)


class TrainParams(Section):
    """How the network is trained."""

    optimizer: Literal["adam", "sgd", "rmsprop", "adamw", "nadam", "adagrad", "muon"]
    lr: float = Field(gt=0, le=10)
    schedule: Literal["constant", "cosine"]
    warmup: float = Field(ge=0, lt=1)
    momentum: float = Field(ge=0, lt=1)
    weight_decay: float | None = Field(ge=0, lt=1)
    batch_size: int = Field(ge=1, le=65536)
    epochs: int = Field(ge=1, le=10000)
    patience: int = Field(ge=1, le=10000)
    small_epochs: int = Field(ge=0, le=10000)
    small_side: int = Field(ge=16, le=SIDE)
    shift: float = Field(ge=0, le=0.5)
    zoom: float = Field(ge=0, le=0.5)
    flip: bool
    resample: float = Field(ge=0, le=1)
    rotation: float = Field(ge=0, le=180)
    light: float = Field(ge=0, le=1)
    erase: float = Field(ge=0, le=1)
    mixup: float = Field(ge=0, le=10)
    average: float = Field(ge=0, lt=1)
    drop_faulty: bool
    class_weights: ClassWeights
    sampling: Sampling
    focal_gamma: float = Field(ge=0, le=10)
    label_smoothing: float = Field(ge=0, lt=1)
    logit_adjustment: bool
    precision: Precision
    threads: int = Field(ge=1, le=1024)
    devices: Literal["auto", 1]
    seed: int = Field(ge=0, lt=2**32)


class FloorParams(Section):
    """`evaluate.floor`: the least that each score must reach; null accepts any."""

    accuracy: float | None = Field(ge=0, le=1)
    macro_f1: float | None = Field(ge=0, le=1)


class EvaluateParams(Section):
    """How the model is measured, and what it must reach."""

    floor: FloorParams
    near_distance: int | None = Field(ge=0, le=FARTHEST)
    bootstrap: int = Field(ge=100, le=1_000_000)
    ece_bins: int = Field(ge=1, le=1000)
    seed: int = Field(ge=0, lt=2**32)


class ExportParams(Section):
    """The model as ONNX, and in which formats besides."""

    opset: int = Field(ge=13, le=18)
    litert: bool
    int8: bool


class PlotParams(Section):
    """How the figures look."""

    dpi: int = Field(ge=20, le=600)
    gallery: int = Field(ge=1, le=50)


class ReportParams(Section):
    """What the report shows."""

    mistakes: int = Field(ge=0, le=200)


@with_config(STRICT)
class Params(TypedDict):
    """The whole of params.yaml."""

    data: DataParams
    fetch: FetchParams
    validate: ValidateParams
    preprocess: PreprocessParams
    model: ModelParams
    train: TrainParams
    evaluate: EvaluateParams
    export: ExportParams
    plot: PlotParams
    report: ReportParams


def load_params(file: Path = PARAMS, changes: Mapping[str, Any] | None = None) -> Params:
    """Return params.yaml, the whole of it checked, so that no stage starts on a wrong one.

    Values of `changes`, each under a name such as `train.lr`, take the place of those of the file.

    Raises:
        UserError: see emotion.config.loading.load; or two values do not go together.
    """
    params = load(Params, file, changes)
    if params["data"].names != CLASSES:
        own = f"{file}: data.classes names others than FER-2013's"
        if params["fetch"].source == "faces":
            raise UserError(f"{own}, and fetch.source: faces renders those: set data.classes to null")
        if params["validate"].dataset == "fer2013":
            raise UserError(f"{own}: validate.dataset must be own")
    labels = params["preprocess"].labels
    if params["fetch"].ferplus is None and labels != "fer2013":
        raise UserError(
            f"{file}: preprocess.labels is {labels}: it needs FERPlus's fer2013new.csv, as a path or URL in "
            "fetch.ferplus"
        )
    if params["fetch"].ferplus is not None and params["data"].names != CLASSES:
        raise UserError(f"{file}: fetch.ferplus has votes on FER-2013's classes: data.classes must be null")
    small = f"{file}: train.small_epochs is {params['train'].small_epochs}: must be 0"
    if params["train"].small_epochs and params["model"].name == "paper_cnn":
        raise UserError(f"{small} for paper_cnn, whose dense layers take faces of one size")
    if params["train"].small_epochs and params["train"].erase:
        raise UserError(f"{small} with train.erase, because Keras erases in faces of one size alone")
    return params
