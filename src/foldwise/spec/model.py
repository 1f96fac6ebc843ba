"""The networks that a trial can build: of rows, of images, for pixels and boxes, a list of layers, or a Python function."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import Discriminator, Field, Tag, model_validator

from foldwise.spec.backbone import BackboneSpec
from foldwise.spec.base import BadKey, ByKind, Listed, Spec
from foldwise.spec.centre import CentreSpec
from foldwise.spec.constraint import NO_CONSTRAINT, ConstraintSpec
from foldwise.spec.embedding import (
    CategoryEmbedding,
    LearnedCategories,
    NoCategoryEmbedding,
    NoNumericEmbedding,
    NumericEmbedding,
    PeriodicBias,
    PiecewiseLinear,
)
from foldwise.spec.function import FunctionSpec
from foldwise.spec.layer_table import Activation, Initializer, OutputActivation
from foldwise.spec.layers import LayersSpec
from foldwise.spec.resnet import ResnetSpec
from foldwise.spec.unet import UnetSpec

Width = Annotated[int, Field(ge=1, le=100_000)]
Penalty = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Item = TypeVar("Item")


def _form(value: Any) -> str:
    return "each" if isinstance(value, list | tuple) else "one"


# One value for all hidden layers, or a list with one each. An error names only the form that was written.
PerLayer = Annotated[
    Annotated[Item, Tag("one")] | Annotated[tuple[Item, ...], Listed, Tag("each")],
    Discriminator(_form),
]
HiddenActivation = Literal[Activation, "auto"]  # auto: selu for classes, mish for numbers
# What a list of each key lists.
LISTS = {
    "units": "widths",
    "activation": "activations",
    "initializer": "initializers",
    "l1": "penalties",
    "l2": "penalties",
    "dropout": "rates",
    "batch_norm": "flags",
}


def _one_each(value: Item | tuple[Item, ...], count: int) -> tuple[Item, ...]:
    """A value for each of `count` layers: the list itself, or one value for all."""
    return value if isinstance(value, tuple) else (value,) * count


def _of_output(own: bool | float, hidden: float | tuple[float, ...]) -> float:
    """The output layer's penalty: its own number, or if `own` is true that of the hidden layers, if they share one."""
    if own is True:
        return 0.0 if isinstance(hidden, tuple) else hidden
    return float(own)


def _refuse_other_count(name: str, value: Any, what: str, count_name: str, count: int) -> None:
    """Raise BadKey if a list has another length than the number of layers that `count_name` gives."""
    if isinstance(value, tuple) and len(value) != count:
        raise BadKey(name, f"{name} lists {len(value)} {what}, so {count_name} must be {len(value)}, got {count}")


class HiddenLayer(NamedTuple):
    """A hidden layer of a multilayer perceptron. norm: `batch`, `layer` or empty."""

    width: int
    activation: str
    norm: str
    dropout: float
    initializer: str
    l1: float
    l2: float


class MlpSpec(Spec):
    """A multilayer perceptron: `hidden` dense layers, then the output layer, which follows from the task.

    A hidden layer is Dense, normalisation, activation, dropout. The keys of LISTS take one value for all hidden layers, or a
    list with one each.

    l1, l2: penalties of kernels. l1_output, l2_output: of the output layer's kernel: true is as the hidden layers, which a
        list leaves without one; false is none; or a number of its own.
    bias_l1, bias_l2, activity_l1, activity_l2, kernel_constraint: of the hidden layers. The penalty of activities is on what
        leaves the activation, divided by the rows of the batch, as Keras does.
    numeric_embedding, category_embedding: of the inputs. scaling_layer: a learned factor of each feature after them.
    parametric_activation: `x + a (f(x) - x)` with a learned `a` of each unit, 1 at first, where `f` is the activation.
    parametrisation: ntp divides what enters a kernel by the square root of its number of inputs.
    first_weights: by_data scales each first kernel and bias by what the training rows give, see models.first_by_data.
    dropout_schedule: flat_cos holds the rates for half of the epochs, then lowers them to 0 along half a cosine.
    members: networks that share the kernels; each has its own factors of a layer's inputs and outputs, its own biases and
        output layer. The loss is the mean of their losses, the answer the mean of their answers.
        Source: Gorishniy et al. 2024, TabM.
    """

    kind: Literal["mlp"] = "mlp"
    hidden: Annotated[int, Field(ge=0, le=1000)] = 1
    units: Width | Annotated[tuple[Width, ...], Listed] = 64
    activation: PerLayer[HiddenActivation] = "relu"
    negative_slope: Rate = 0.02  # only for leaky_relu
    initializer: PerLayer[Initializer] = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    l1: PerLayer[Penalty] = 0.0
    l2: PerLayer[Penalty] = 0.0
    l1_output: bool | Penalty = True
    l2_output: bool | Penalty = True
    bias_l1: Penalty = 0.0
    bias_l2: Penalty = 0.0
    activity_l1: Penalty = 0.0
    activity_l2: Penalty = 0.0
    kernel_constraint: ConstraintSpec = NO_CONSTRAINT
    dropout: PerLayer[Rate] = 0.0
    noise: Penalty = 0.0  # standard deviation of Gaussian noise added to the inputs
    batch_norm: PerLayer[bool] = False
    layer_norm: bool = False
    output_activation: OutputActivation = "auto"
    numeric_embedding: NumericEmbedding = NoNumericEmbedding()
    category_embedding: CategoryEmbedding = NoCategoryEmbedding()
    scaling_layer: bool = False
    parametric_activation: bool = False
    parametrisation: Literal["standard", "ntp"] = "standard"
    first_weights: Literal["drawn", "by_data"] = "drawn"
    dropout_schedule: Literal["constant", "flat_cos"] = "constant"
    members: Annotated[int, Field(ge=1, le=256)] = 1

    @model_validator(mode="after")
    def _lists_fit(self) -> MlpSpec:
        for name, what in LISTS.items():
            _refuse_other_count(name, getattr(self, name), what, "hidden", self.hidden)
        if self.layer_norm and any(_one_each(self.batch_norm, 1)):
            raise BadKey("layer_norm", "batch_norm and layer_norm exclude each other")
        if self.members > 1:
            self._refuse_beside_members()
        if self.bias_initializer in ("orthogonal", "identity"):
            raise BadKey("bias_initializer", f"{self.bias_initializer} makes a matrix, but a bias is a vector; use zeros")
        return self

    def _refuse_beside_members(self) -> None:
        """Refuse what several members do not have."""
        norms = self.batch_norm if isinstance(self.batch_norm, tuple) else (self.batch_norm,)
        odd = {
            "batch_norm": any(norms),
            "activity_l1": self.activity_l1 > 0,
            "activity_l2": self.activity_l2 > 0,
            "first_weights": self.first_weights == "by_data",
            "parametrisation": self.parametrisation == "ntp",
        }
        for key, given in odd.items():
            if given:
                raise BadKey(key, f"networks of {self.members} members do not have {key}; leave it out, or use members=1")

    @property
    def has_parts(self) -> bool:
        """Whether it is more than dense layers one after the other."""
        plain = self.numeric_embedding.kind == "none" and self.category_embedding.kind == "none"
        ntp = self.parametrisation == "ntp"
        return not plain or ntp or self.scaling_layer or self.parametric_activation or self.members > 1

    @property
    def widths(self) -> tuple[int, ...]:
        """The width of each hidden layer."""
        return _one_each(self.units, self.hidden)

    @property
    def layers(self) -> tuple[HiddenLayer, ...]:
        """The hidden layers, each with its own values."""
        count = self.hidden
        norms = ["batch" if batch else "layer" if self.layer_norm else "" for batch in _one_each(self.batch_norm, count)]
        values = (self.activation, self.dropout, self.initializer, self.l1, self.l2)
        activations, dropouts, initializers, l1s, l2s = (_one_each(value, count) for value in values)
        each = zip(self.widths, activations, norms, dropouts, initializers, l1s, l2s, strict=True)
        return tuple(HiddenLayer(*layer) for layer in each)

    @property
    def output_initializer(self) -> str:
        """The output layer's initializer: the hidden layers', or Keras's usual one if they have a list."""
        return "glorot_uniform" if isinstance(self.initializer, tuple) else self.initializer

    @property
    def penalties(self) -> tuple[tuple[float, float], ...]:
        """L1 and L2 of each kernel, the output layer's last."""
        output = (_of_output(self.l1_output, self.l1), _of_output(self.l2_output, self.l2))
        return (*((layer.l1, layer.l2) for layer in self.layers), output)


class TabularSpec(MlpSpec):
    """RealMLP: a multilayer perceptron with the parts that win on tables, each of them an option of MlpSpec.

    Source: Holzmueller et al. 2024, Better by default: strong pre-tuned MLPs and boosted trees on tabular data.
    """

    kind: Literal["tabular"]  # type: ignore[assignment]
    hidden: Annotated[int, Field(ge=0, le=1000)] = 3
    units: Width | Annotated[tuple[Width, ...], Listed] = 256
    activation: PerLayer[HiddenActivation] = "auto"
    initializer: PerLayer[Initializer] = "random_normal"
    dropout: PerLayer[Rate] = 0.15
    numeric_embedding: NumericEmbedding = PeriodicBias()
    category_embedding: CategoryEmbedding = LearnedCategories()
    scaling_layer: bool = True
    parametric_activation: bool = True
    parametrisation: Literal["standard", "ntp"] = "ntp"
    first_weights: Literal["drawn", "by_data"] = "by_data"
    dropout_schedule: Literal["constant", "flat_cos"] = "flat_cos"


class TabmSpec(MlpSpec):
    """TabM: several networks in one, see `members` of MlpSpec.

    Source: Gorishniy et al. 2024, TabM: advancing tabular deep learning with parameter-efficient ensembling.
    """

    kind: Literal["tabm"]  # type: ignore[assignment]
    hidden: Annotated[int, Field(ge=0, le=1000)] = 2
    units: Width | Annotated[tuple[Width, ...], Listed] = 128
    dropout: PerLayer[Rate] = 0.1
    numeric_embedding: NumericEmbedding = PiecewiseLinear()
    members: Annotated[int, Field(ge=1, le=256)] = 8


class CnnSpec(Spec):
    """A convolutional network: `blocks` blocks, a top that turns the last maps into a vector, `hidden` dense layers.

    A block is `per_block` times convolution, normalisation and activation, then one pooling by 2 and one dropout. `filters` is
    one number of maps for all blocks, or a list with one each; `units` does the same for the dense layers. `l1_output` and
    `l2_output` are as those of MlpSpec.
    """

    kind: Literal["cnn"]
    image: Annotated[tuple[Width, ...], Listed] | None = None  # height, width, channels of a row; None: those of the data
    blocks: Annotated[int, Field(ge=1, le=10)] = 2
    filters: Width | Annotated[tuple[Width, ...], Listed] = 32
    per_block: Annotated[int, Field(ge=1, le=10)] = 1
    kernel: Annotated[int, Field(ge=1, le=1000)] = 3
    padding: Literal["same", "valid"] = "same"
    pool: Literal["max", "average", "none"] = "max"
    activation: Activation = "relu"
    negative_slope: Annotated[float, Field(ge=0, lt=1)] = 0.02  # only for leaky_relu
    initializer: Initializer = "glorot_uniform"
    l1: Penalty = 0.0
    l2: Penalty = 0.0
    l1_output: bool | Penalty = True
    l2_output: bool | Penalty = True
    batch_norm: bool = False
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    top: Literal["flatten", "global_average", "global_max"] = "flatten"
    hidden: Annotated[int, Field(ge=0, le=1000)] = 1
    units: Width | Annotated[tuple[Width, ...], Listed] = 64
    head_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    output_activation: OutputActivation = "auto"

    @model_validator(mode="after")
    def _lists_fit(self) -> CnnSpec:
        if self.image is not None and len(self.image) != 3:
            raise BadKey("image", f"image must be [height, width, channels], as [28,28,1], got {list(self.image)}")
        _refuse_other_count("filters", self.filters, "numbers of maps", "blocks", self.blocks)
        _refuse_other_count("units", self.units, "widths", "hidden", self.hidden)
        if self.initializer == "identity":
            raise BadKey(
                "initializer", "initializer identity makes a matrix, but a convolution's kernel has four axes; use orthogonal"
            )
        return self

    @property
    def output_penalty(self) -> tuple[float, float]:
        """L1 and L2 of the output layer's kernel."""
        return _of_output(self.l1_output, self.l1), _of_output(self.l2_output, self.l2)

    @property
    def maps(self) -> tuple[int, ...]:
        """The number of maps of each block."""
        return _one_each(self.filters, self.blocks)

    @property
    def widths(self) -> tuple[int, ...]:
        """The width of each hidden dense layer."""
        return _one_each(self.units, self.hidden)


ModelSpec = Annotated[
    MlpSpec | TabularSpec | TabmSpec | CnnSpec | ResnetSpec | BackboneSpec | UnetSpec | CentreSpec | LayersSpec | FunctionSpec,
    Field(discriminator="kind"),
    ByKind,
]
