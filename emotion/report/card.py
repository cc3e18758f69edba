"""The card of the exported model: what it is for, what it was measured at, and its limits."""

from pathlib import Path

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from emotion.evaluation import paper
from emotion.inference.metadata import ModelInfo
from emotion.labels import CLASSES
from emotion.report.intervals import wilson
from emotion.report.run import FERPLUS, OF_FER2013, RENDERED, Metrics, unseen_scores
from emotion.report.text import number, percent, published, score

TEMPLATE = Path(__file__).with_name("templates") / "card.md"
# By the faces that a model was trained on. Rendered ones are the project's own; the licence of a user's own
# faces is not known here.
LICENCES: dict[str, dict[str, str]] = {
    **{data: {"license": "other", "license_name": "research-only"} for data in OF_FER2013},
    RENDERED: {"license": "mit"},
}
SCORES = {"accuracy": ("accuracy", "Accuracy"), "macro_f1": ("f1", "Macro F1")}


def model_card(
    network: str,
    info: ModelInfo,
    data: str,
    repo: str | None,
    protocol: str,
    scores: Metrics,
    exports: Metrics,
) -> ModelCard:
    """Return the card of an exported model.

    Args:
        network: name of the network.
        info: what the model says about itself.
        data: FER2013, FERPLUS, RENDERED or OWN.
        repo: the dataset's name on the Hugging Face Hub; None if it is not there.
        protocol: how the faces were split.
        scores: the metrics of the evaluation, on the test split.
        exports: of each exported file, by its name: size, accuracy and so on; of "keras" the accuracy.
    """
    metadata = ModelCardData(
        model_name=f"Facial emotions, {network}",
        library_name="onnx",
        pipeline_tag="image-classification",
        tags=["facial-expression-recognition", "onnx", *(["fer2013"] if data in OF_FER2013 else [])],
        datasets=[repo] if repo else None,
        metrics=["accuracy", "f1"],
        eval_results=results(data, repo, protocol, scores),
        **LICENCES.get(data, {}),  # type: ignore[arg-type]
    )
    own_classes = info.classes != CLASSES and data != FERPLUS
    card: ModelCard = ModelCard.from_template(
        metadata,
        template_str=TEMPLATE.read_text(encoding="utf-8"),
        network=network,
        info=info,
        own_classes=own_classes,
        data=data,
        of_fer2013=data in OF_FER2013,
        protocol=protocol,
        scores=scores,
        unseen=unseen_scores(scores),
        exports={name: parity for name, parity in exports.items() if name != "keras"},
        paper=paper,
        wilson=wilson,
        published=published,
        score=score,
        percent=percent,
        number=number,
    )
    return card


def results(data: str, repo: str | None, protocol: str, scores: Metrics) -> list[EvalResult]:
    """Return the scores on all and on the clean test faces, as the Hub's metadata have them."""
    parts: dict[str, Metrics] = {f"{protocol} split": scores}
    parts |= {f"{protocol} split, {name}": of for name, of in unseen_scores(scores).items() if of["rows"]}
    return [
        EvalResult(
            task_type="image-classification",
            dataset_type=repo or data.replace(" ", "-"),
            dataset_name=f"{data}, {part}",
            dataset_config=part,
            dataset_split="test",
            metric_type=kind,
            metric_name=name,
            metric_value=found[key],
        )
        for part, found in parts.items()
        for key, (kind, name) in SCORES.items()
    ]
