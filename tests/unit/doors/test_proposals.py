"""Every proposal of a configuration's errors works when it is pasted in place of the word that was wrong."""

import re
import shlex

import pytest

from foldwise.config.proposals import FIRST, KEYS, known_keys
from foldwise.config.read import read_service, read_study
from foldwise.doors.compose import compose_service, compose_study
from foldwise.doors.conf import conf_at
from foldwise.errors import ConfigError
from foldwise.spec.goal import COSTS, METRICS
from foldwise.spec.optimizer import OPTIMIZERS
from foldwise.spec.services import CompareSpec, PredictSpec, UiSpec
from foldwise.spec.study import FixedSpec
from foldwise.spec.trial import TrialSpec
from foldwise.system.known_words import SYNONYMS

# a wrong word of a command line -> what it should be
MEANT = {
    "goal.metric=sensitivity": "goal.metric=recall",
    "goal.metric=tpr": "goal.metric=recall",
    "goal.metric=True Positive Rate": "goal.metric=recall",
    "goal.metric=tnr": "goal.metric=specificity",
    "goal.metric=acc": "goal.metric=accuracy",
    "goal.metric=acuracy": "goal.metric=accuracy",
    "goal.metric=Accuracy": "goal.metric=accuracy",
    "goal.metric=balanced-accuracy": "goal.metric=balanced_accuracy",
    "goal.metric=auc": "goal.metric=roc_auc",
    "goal.metric=roc": "goal.metric=roc_auc",
    "goal.metric=AUROC": "goal.metric=roc_auc",
    "goal.metric=average_precision": "goal.metric=pr_auc",
    "goal.metric=f1_score": "goal.metric=f1",
    "goal.metric=cross_entropy": "goal.metric=log_loss",
    "goals=[acc,parameters]": "goals=[accuracy,parameters]",
    "goals=[accuracy,latency]": "goals=[accuracy,latency_ms]",
    "goal=accuracy": "goal.metric=accuracy",
    "goal=acc": "goal.metric=accuracy",
    "metric=f1": "goal.metric=f1",
    "scoring=f1": "goal.metric=f1",
    "fit.loss=xent": "fit.loss=auto",
    "fit.loss=CrossEntropy": "fit.loss=cross_entropy",
    "fit.loss=cce": "fit.loss=categorical_crossentropy",
    "fit.loss=mean_squared_error": "fit.loss=mse",
    "fit.loss=kld": "fit.loss=kl_divergence",
    "lr=0.1": "fit.optimizer.learning_rate=0.1",
    "alpha=0.1": "fit.optimizer.learning_rate=0.1",
    "fit.lr=0.1": "fit.optimizer.learning_rate=0.1",
    "model.lr=0.1": "fit.optimizer.learning_rate=0.1",
    "fit.optimizer.lr=0.1": "fit.optimizer.learning_rate=0.1",
    "fit.optimizer.alpha=0.1": "fit.optimizer.learning_rate=0.1",
    "fit.optimizer.beta1=0.8": "fit.optimizer.beta_1=0.8",
    "weight_decay=0.1": "fit.optimizer.weight_decay=0.1",
    "fit.optimizer.decay=0.1": "lr_schedule=time_based lr_schedule.decay=0.1",
    "decay=0.1": "lr_schedule=time_based lr_schedule.decay=0.1",
    "fit.decay=0.1": "lr_schedule=time_based lr_schedule.decay=0.1",
    "step=5": "lr_schedule=drop lr_schedule.every=5",
    "lr_schedule=decay": "lr_schedule=time_based",
    "lr_schedule=step": "lr_schedule=drop",
    "lr_schedule=StepLR": "lr_schedule=drop",
    "lr_schedule=exp": "lr_schedule=exponential",
    "lr_schedule=onecycle": "lr_schedule=one_cycle",
    "lr_schedule.kind=step": "lr_schedule.kind=drop",
    "fit=rmsprop": "fit.optimizer=rmsprop",
    "fit=RMSprop": "fit.optimizer=rmsprop",
    "fit=adamw": "fit.optimizer=adamw",
    "fit=sdg": "fit=sgd",
    "fit=gradient_descent": "fit=sgd",
    "fit=10": "fit.epochs=10",
    "fit=full": "fit.batch_size=full",
    "optimizer=rmsprop": "fit.optimizer=rmsprop",
    "fit.optimizer=rms_prop": "fit.optimizer.kind=rmsprop",
    "fit.optimizer=0.1": "fit.optimizer.learning_rate=0.1",
    "data.task=multiclas": "data.task=multiclass",
    "data.task=multi": "data.task=multiclass",
    "data.kinds.a=numeric": "data.kinds.a=number",
    "data.kinds.a=identifer": "data.kinds.a=identifier",
    "fit.batch_size=ful": "fit.batch_size=full",
    "fit.batch_size=all": "fit.batch_size=full",
    "fit.threshold=aut": "fit.threshold=auto",
    "folds=10": "folds.count=10",
    "folds=0.25": "folds.share=0.25",
    "folds=stratifed": "folds=stratified",
    "folds.n_splits=5": "folds.count=5",
    "cv=5": "folds.count=5",
    "fit.early_stop=10": "fit.early_stop.patience=10",
    "fit.early_stop=val_loss": "fit.early_stop.monitor=val_loss",
    "early_stopping=10": "fit.early_stop.patience=10",
    "data.holdout=0.2": "data.holdout.share=0.2",
    "test_size=0.2": "data.holdout.share=0.2",
    "budget=20": "budget.trials=20",
    "n_trials=20": "budget.trials=20",
    "audit=strict": "audit.strict=true",
    "audit=true": "audit.strict=true",
    "training=fused": "training.engine=fused",
    "ledger=sqlite:///x y.db": "ledger.url=sqlite:///x y.db",
    "paths=my runs": "paths.runs=my runs",
    "paths='a,b'": "paths.runs='a,b'",
    "paths.runs=a,b": "paths.runs='a,b'",
    "paths=it's [mine]": "paths.runs='it\\'s [mine]'",
    "paths='5'": "paths.runs='5'",
    "model=mpl": "model=mlp",
    "model=32": "model.units=32",
    "model=tanh": "model.activation=tanh",
    "model.hidden_layers=3": "model.hidden=3",
    "model.neurons=3": "model.units=3",
    "backend=jax": "training.backend=jax",
    "model.top=flatten": "model=cnn model.top=flatten",
    "model.activation=Relu": "model.activation=relu",
    "units=3": "model.units=3",
    "tuner=bayesian": "tuner=tpe",
    "tuner=hyperband": "tuner=kt_hyperband",
    "race=asha": "race=epochs",
    "execute=local": "execute=here",
    "execute=4": "execute.threads=4",
    "data.drop=a": "data.drop=[a]",
    "n_workers=4": "execute=dask execute.workers=4",
    "prep=minmax": "prep.scale=minmax",
    "prep=zscore": "prep=standard",
    "prep=quantile": "prep.scale=quantile",
    "prep.scale=zscore": "prep.scale=standard",
    "prep.impute=avg": "prep.impute=mean",
    "random_state=3": "seed=3",
    "fit.epochs=1,2": "fit.epochs=[choice,1,2]",
    "model.units=range(8,33,8)": "model.units=[int,8,32,{step: 8}]",
    "model.activation=choice(relu,tanh)": "model.activation=[choice,relu,tanh]",
    "model.dropout=interval(0,0.5)": "model.dropout=[float,0,0.5]",
}


def message(words):
    with pytest.raises(ConfigError) as caught:
        read_study(compose_study(words))
    return str(caught.value)


def pasted(wrong, said):
    """The words that a reader of a message types instead of the wrong one; one list for each proposal in it."""
    proposal = re.search(r"(?:did you mean|a range is|quote one text,) (.+?)(\?|$)", said) or re.search(
        r"(other kinds have it): (.+)", said
    )
    assert proposal, said
    key, _, value = wrong.partition("=")
    if proposal.group(1) == "other kinds have it":
        return [[option, wrong] for option in proposal.group(2).split(", ")]
    name, _, option = proposal.group(1).partition(" with ")
    if "a range is" in said:
        return [[name]]
    if "=" in name:
        return [shlex.split(name)]
    if "unknown key" in said or "has no parameter" in said:
        return [[*([option] if option else []), f"{name}={value}"]]
    key = said.partition(": ")[0]
    return [[f"{key}={word.partition(' (')[0]}"] for word in name.split(" or ")]


@pytest.mark.parametrize("wrong", MEANT)
def test_a_proposal_is_what_was_meant_and_works_when_pasted(wrong):
    for words in pasted(wrong, message([wrong])):
        assert " ".join(words) == MEANT[wrong]
        read_study(compose_study(words))


CSV = ("data=csv", "data.path=x", "data.target=y")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["goal.metric=acuracy"], "goal.metric: 'acuracy' is not a metric, did you mean accuracy?; known: accuracy, "),
        (["data.task=multiclas"], "did you mean multiclass?; known: auto, binary, multiclass, regression"),
        (["data.task=x"], "data.task: 'x' is not known; known: auto, binary, multiclass, regression"),
        (["fit.batch_size=ful"], "fit.batch_size: must be a whole number or full or auto, got 'ful', did you mean full?"),
        (["fit.batch_size=-1"], "fit.batch_size: must be >= 1, got -1; or write full"),
        (["fit.batch_size=1.5"], "fit.batch_size: must be a whole number, got 1.5; or write full"),
        (["folds=10"], "folds: must be a mapping, got 10, did you mean folds.count=10?"),
        (
            ["folds=[a,b]"],
            "folds: must be a mapping, got ['a', 'b']; its keys are count, share, of, column, path, as in folds.count=...",
        ),
        (["fit.early_stop=true"], "its keys are patience, monitor, min_delta, ties, as in fit.early_stop.patience=..."),
        (["goal.at_most=5"], "goal.at_most: must be a mapping, got 5, as in goal.at_most.parameters=5"),
        (["data.kinds=date"], "data.kinds: must be a mapping, got 'date', as in data.kinds.COLUMN=date"),
        (["data=my rows.CSV"], "did you mean data=csv 'data.path=my rows.CSV'?"),
        (["race=true"], "race: must be a mapping, got true; its kinds are none, epochs, folds, both, as in race=none"),
        (
            ["fit.optimizer.momentum=0.9"],
            "fit.optimizer.momentum: adam has no parameter momentum; use an optimizer that has it: sgd",
        ),
        (["fit=sgd", "fit.optimizer.momentum=2"], "fit.optimizer.momentum: 0 <= momentum < 1 must hold, got 2"),
        (["model.units=[1,2]"], "model.units: units lists 2 widths, so hidden must be 2"),
        (["model.units={a: 1}"], "model.units: must be a whole number, got {'a': 1}"),
        (["model.bias_initializer=identity"], "model.bias_initializer: identity makes a matrix, but a bias is a vector"),
        (["fit.loss=xent"], "did you mean auto (the cross-entropy of the task)?; known: "),
        ([*CSV, "data.missing=['',-999]"], "in a shell quote it twice, 'data.missing=['\"'\"''\"'\"','\"'\"'-999'\"'\"']'"),
        ([*CSV, "data.delimiter=semicolon"], "got 'semicolon', did you mean data.delimiter=';'?"),
        ([*CSV, "data.delimiter=space"], "got 'space', did you mean data.delimiter=whitespace?"),
        (["lr_schedule=none"], "did you mean constant?"),
        (["budget.time=60"], "budget.time: unknown key, did you mean budget.seconds?"),
        (["goal.metric=f1_macro"], "did you mean f1?"),
        (["goal.metric=bal_acc"], "did you mean balanced_accuracy?"),
        (["data.task=binary_classification"], "did you mean binary?"),
        (["fit.optimizer=sgd_momentum"], "did you mean sgd?"),
        (["race.factor=3"], "race.factor: unknown key for this race.kind; other kinds have it: race=epochs, race=both"),
    ],
)
def test_a_sentence_names_the_whole_key_and_all_that_may_be_there(words, sentence):
    assert sentence in message(words)


def test_a_bare_word_keeps_the_range_of_the_learning_rate():
    usual = read_study(compose_study([])).space.ranges["fit.optimizer.learning_rate"]
    for word in ("fit.optimizer=adam", "fit.optimizer=rmsprop", "fit.optimizer=sgd", "fit.optimizer.kind=nadam"):
        assert read_study(compose_study([word])).space.ranges["fit.optimizer.learning_rate"] == usual
    assert read_study(compose_study(["fit.optimizer=adam"])).recipe == read_study(compose_study([])).recipe
    both = read_study(compose_study(["fit=sgd", "fit.optimizer=sgd"]))
    assert both.recipe == read_study(compose_study(["fit=sgd"])).recipe
    fixed = compose_study(["fit.optimizer.learning_rate=0.1", "fit.optimizer=sgd"])
    assert fixed["fit"]["optimizer"] == "sgd"  # a rate that was chosen for another optimizer means nothing here


def test_services_propose_whole_keys():
    needed = ["model=m@champion", "input=a", "output=b"]
    for wrong, right in {
        "file=x": "input=x",
        "tracking.knd=mlflow": "tracking.kind=mlflow",
        "out=b.csv": "output=b.csv",
    }.items():
        with pytest.raises(ConfigError) as caught:
            compose_service("predict", [*needed, wrong])
        (words,) = pasted(wrong, str(caught.value))
        assert words == [right]
        read_service(PredictSpec, compose_service("predict", [*needed, *words]))
    for model, door, wrong, right in (
        (UiSpec, "ui", "paths=out", "paths.runs=out"),
        (CompareSpec, "compare", "paths=out", "paths.runs=out"),
    ):
        with pytest.raises(ConfigError) as caught:
            read_service(model, compose_service(door, [wrong, *(["study=x"] if door == "compare" else [])]))
        assert pasted(wrong, str(caught.value)) == [[right]]


def test_the_tables_name_only_what_exists():
    known = known_keys()
    optimizer = {f"fit.optimizer.{name}" for name in ("weight_decay", "clipnorm", "clipvalue", "ema_momentum", "{}")}
    assert {key for key in KEYS.values() if key not in known} <= optimizer
    assert all(f"{section}.{key}" in known for section, keys in FIRST.items() for key in keys)
    words = {*METRICS, *COSTS, *OPTIMIZERS, *known, "learning_rate", "weight_decay", "input", "output"}
    words |= {option for options in conf_at(None).groups().values() for option in options}
    words |= {word for model in (FixedSpec, TrialSpec) for word in re.findall(r"'([\w]+)'", str(model.model_json_schema()))}
    assert {name.partition(":")[0] for names in SYNONYMS.values() for name in names} <= words
